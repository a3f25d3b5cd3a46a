#include "lib/sandbox/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "lib/base/drop.h"

/* Names that the running libseccomp or this machine does not know are skipped. */
static const char *const for_all[] = {
	/* descriptors */
	"read",
	"readv",
	"write",
	"writev",
	"pread64",
	"pwrite64",
	"lseek",
	"close",
	"close_range",
	"dup",
	"dup2",
	"dup3",
	"fcntl",
	"pipe",
	"pipe2",
	"flock",
	/* files; where they may be is Landlock's and the permissions' business */
	"open",
	"openat",
	"stat",
	"lstat",
	"fstat",
	"newfstatat",
	"statx",
	"statfs",
	"fstatfs",
	"access",
	"faccessat",
	"faccessat2",
	"readlink",
	"readlinkat",
	"getdents64",
	"getcwd",
	"ftruncate",
	"fallocate",
	"fsync",
	"fdatasync",
	"rename",
	"renameat",
	"renameat2",
	"unlink",
	"unlinkat",
	"mkdir",
	"mkdirat",
	"rmdir",
	"symlinkat",
	"chmod",
	"fchmod",
	"fchmodat",
	"umask",
	"fadvise64",
	"inotify_init1",
	"inotify_add_watch",
	"inotify_rm_watch",
	/* memory; mmap and mprotect have rules of their own */
	"brk",
	"munmap",
	"mremap",
	"madvise",
	"mlock",
	"mlock2",
	"munlock",
	"membarrier",
	/* threads and signals; clone, tgkill and prctl have rules of their own */
	"futex",
	"futex_waitv",
	"set_robust_list",
	"get_robust_list",
	"set_tid_address",
	"rseq",
	"exit",
	"exit_group",
	"gettid",
	"getpid",
	"getppid",
	"sched_yield",
	"sched_getaffinity",
	"sched_getparam",
	"sched_getscheduler",
	"sched_get_priority_max",
	"sched_get_priority_min",
	/* libzmq gives its threads the policy that they have, and aborts if it may not */
	"sched_setscheduler",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"rt_sigpending",
	"rt_sigtimedwait",
	"rt_sigsuspend",
	"sigaltstack",
	"signalfd4",
	"restart_syscall",
	/* who and what */
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"getresuid",
	"getresgid",
	"getgroups",
	"capget",
	"uname",
	"getrlimit",
	"getrusage",
	"sysinfo",
	"times",
	"getrandom",
	"getcpu",
	/* time and waiting */
	"clock_gettime",
	"clock_getres",
	"clock_nanosleep",
	"nanosleep",
	"gettimeofday",
	"time",
	"timerfd_create",
	"timerfd_settime",
	"timerfd_gettime",
	"poll",
	"ppoll",
	"select",
	"pselect6",
	"epoll_create",
	"epoll_create1",
	"epoll_ctl",
	"epoll_wait",
	"epoll_pwait",
	"epoll_pwait2",
	"eventfd",
	"eventfd2",
	/* sockets that are open already; making new ones is below */
	"getsockname",
	"getpeername",
	"getsockopt",
	"setsockopt",
	"sendto",
	"recvfrom",
	"sendmsg",
	"recvmsg",
	"sendmmsg",
	"recvmmsg",
	"shutdown",
};

/* bind, because getaddrinfo binds a netlink socket. */
static const char *const for_network[] = {"bind", "connect"};

static const char *const for_listening[] = {"listen", "accept", "accept4"};

static const char *const hostile[] = {"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise",
	"pidfd_getfd", "kcmp", "bpf", "perf_event_open", "userfaultfd", "mount", "umount", "umount2",
	"mount_setattr", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "pivot_root",
	"chroot", "unshare", "setns", "kexec_load", "kexec_file_load", "init_module", "finit_module",
	"create_module", "delete_module", "reboot", "swapon", "swapoff", "acct", "quotactl", "quotactl_fd",
	"iopl", "ioperm", "modify_ldt", "open_by_handle_at", "add_key", "request_key", "keyctl", "syslog",
	"settimeofday", "clock_settime", "stime", "sethostname", "setdomainname", "io_uring_setup",
	"io_uring_enter", "io_uring_register", "memfd_secret"};

static const char *const other_programs[] = {"execve", "execveat", "fork", "vfork"};

/* What the sanitizers' run times need; ptrace for leak checking. */
static const char *const for_sanitizers[] = {"ptrace", "process_vm_readv", "personality", "prctl", "clone",
	"clone3", "fork", "wait4", "tgkill", "kill", "mprotect", "mmap", "prlimit64", "setrlimit", "ioctl",
	"sched_setaffinity", "arch_prctl", "set_thread_area"};

static void filter_release(scmp_filter_ctx *filter)
{
	if (*filter != NULL)
		seccomp_release(*filter);
	*filter = NULL;
}

static int number_of(const char *name)
{
	return seccomp_syscall_resolve_name(name);
}

static enum rc rule(scmp_filter_ctx filter, uint32_t action, const char *name, unsigned count,
	const struct scmp_arg_cmp *arguments, struct err *err)
{
	int number = number_of(name);
	int result;

	/* Negative: another machine's call, or one that libseccomp is too old to know. */
	if (number < 0)
		return RC_OK;
	result = seccomp_rule_add_array(filter, action, number, count, arguments);
	if (result != 0)
		return err_set(err, RC_IO, "sandbox: seccomp rule for %s: %s", name, strerror(-result));
	return RC_OK;
}

static enum rc rules(
	scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		TRY(rule(filter, action, names[i], 0, NULL, err));
	return RC_OK;
}

#define ALLOW_IF(filter, name, err, ...)                                                                     \
	rule(filter, SCMP_ACT_ALLOW, name,                                                                   \
		sizeof((struct scmp_arg_cmp[]){__VA_ARGS__}) / sizeof(struct scmp_arg_cmp),                  \
		(struct scmp_arg_cmp[]){__VA_ARGS__}, err)

/* No memory that is both written and run: code comes from files alone. */
static enum rc memory_rules(scmp_filter_ctx filter, struct err *err)
{
	TRY(ALLOW_IF(filter, "mmap", err, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)));
	TRY(ALLOW_IF(filter, "mmap", err, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC),
		SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0)));
	return ALLOW_IF(filter, "mprotect", err, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

/* Threads, but no processes. The flags of clone3 lie in memory, out of a filter's sight: glibc falls back to
 * clone when there is no clone3. */
static enum rc thread_rules(scmp_filter_ctx filter, struct err *err)
{
	static const int harmless[] = {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_GET_SECCOMP,
		PR_GET_NO_NEW_PRIVS, PR_CAPBSET_READ, PR_GET_KEEPCAPS, PR_GET_SECUREBITS};

	TRY(rule(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL, err));
	TRY(ALLOW_IF(filter, "clone", err,
		SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_NEWUSER | CLONE_NEWNS, CLONE_THREAD)));
	TRY(ALLOW_IF(filter, "tgkill", err, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid())));
	TRY(ALLOW_IF(filter, "prlimit64", err, SCMP_A2(SCMP_CMP_EQ, 0)));
	for (size_t i = 0; i < COUNT(harmless); i++)
		TRY(ALLOW_IF(filter, "prctl", err, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)harmless[i])));
	return RC_OK;
}

static enum rc ioctl_rules(scmp_filter_ctx filter, struct err *err)
{
	static const unsigned long harmless[] = {FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, TCGETS, TIOCGWINSZ,
		SIOCGIFNAME, SIOCGIFINDEX, SIOCGIFADDR, SIOCGIFFLAGS};

	for (size_t i = 0; i < COUNT(harmless); i++)
		TRY(ALLOW_IF(filter, "ioctl", err, SCMP_A1(SCMP_CMP_EQ, harmless[i])));
	return RC_OK;
}

static enum rc network_rules(scmp_filter_ctx filter, const struct sandbox *needs, struct err *err)
{
	static const int families[] = {AF_INET, AF_INET6, AF_NETLINK};

	TRY(ALLOW_IF(filter, "socketpair", err, SCMP_A0(SCMP_CMP_EQ, AF_UNIX)));
	if (!needs->network)
		return RC_OK;
	TRY(ALLOW_IF(filter, "socket", err, SCMP_A0(SCMP_CMP_EQ, AF_UNIX)));
	for (size_t i = 0; i < COUNT(families); i++)
		TRY(ALLOW_IF(filter, "socket", err, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i])));
	TRY(rules(filter, SCMP_ACT_ALLOW, for_network, COUNT(for_network), err));
	return needs->listens ? rules(filter, SCMP_ACT_ALLOW, for_listening, COUNT(for_listening), err)
	                      : RC_OK;
}

static bool is_needed_by_sanitizers(const char *name)
{
	for (size_t i = 0; sandbox_is_sanitized() && i < COUNT(for_sanitizers); i++)
		if (strcmp(for_sanitizers[i], name) == 0)
			return true;
	return false;
}

static enum rc hostile_rules(scmp_filter_ctx filter, uint32_t action, struct err *err)
{
	for (size_t i = 0; i < COUNT(hostile); i++)
		if (!is_needed_by_sanitizers(hostile[i]))
			TRY(rule(filter, action, hostile[i], 0, NULL, err));
	return RC_OK;
}

static enum rc closed_rules(scmp_filter_ctx filter, const struct sandbox *needs, struct err *err)
{
	TRY(hostile_rules(filter, SCMP_ACT_KILL_PROCESS, err));
	TRY(rules(filter, SCMP_ACT_ALLOW, for_all, COUNT(for_all), err));
	TRY(network_rules(filter, needs, err));
	if (sandbox_is_sanitized()) {
		TRY(rules(filter, SCMP_ACT_ALLOW, for_sanitizers, COUNT(for_sanitizers), err));
		return rule(filter, SCMP_ACT_KILL_PROCESS, "execve", 0, NULL, err);
	}
	TRY(rules(filter, SCMP_ACT_KILL_PROCESS, other_programs, COUNT(other_programs), err));
	TRY(memory_rules(filter, err));
	TRY(ioctl_rules(filter, err));
	return thread_rules(filter, err);
}

enum rc filter_install(const struct sandbox *needs, struct err *err)
{
	uint32_t otherwise = needs->runs_programs ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM);
	DROP(filter_release) scmp_filter_ctx filter = seccomp_init(otherwise);
	int result;

	if (filter == NULL)
		return err_set(err, RC_NOMEM, "sandbox: out of memory");
	if (needs->runs_programs)
		TRY(hostile_rules(filter, SCMP_ACT_ERRNO(EPERM), err));
	else
		TRY(closed_rules(filter, needs, err));
	/* All threads, those too that ZeroMQ has made already. */
	result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (result == 0)
		result = seccomp_load(filter);
	if (result == 0)
		return RC_OK;
	return err_set(err, RC_UNSUPPORTED,
		"sandbox: the kernel takes no seccomp filter (%s); use a kernel with CONFIG_SECCOMP_FILTER, "
		"or "
		"allow to go on without",
		strerror(-result));
}
