#include "services/agent/inner.h"
uint64_t agent_opened(const struct agent *agent)
{
	(void)agent;
	return 0;
}
void agent_on_share_v(struct agent *agent, const struct msg *msg)
{
	(void)agent;
	(void)msg;
}
void agent_on_first_challenge(struct agent *agent)
{
	(void)agent;
}
void relayed_on_message(struct agent *agent, const struct msg *msg)
{
	(void)agent;
	(void)msg;
}
