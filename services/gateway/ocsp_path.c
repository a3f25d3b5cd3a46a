#include "services/gateway/ocsp_path.h"

#include "lib/base/base64.h"
#include "lib/http/percent.h"
#include "lib/pki/ocsp.h"

enum rc ocsp_path_decode(struct span path, struct blob *out)
{
	DROP(blob_release) struct blob text = {0};

	TRY(percent_decode(path, BASE64_LEN(OCSP_REQUEST_MAX), &text));
	TRY(base64_decode(blob_span(&text), out));
	return RC_OK;
}
