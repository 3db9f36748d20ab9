// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../common/log.h"

int privilege_find(const struct config *c, uid_t *uid, gid_t *gid)
{
	const char *user = c->user, *group = c->group;
	struct passwd *pw;
	int err;

	errno = 0;
	pw = getpwnam(user);
	if (!pw) {
		err = errno;
		config_err(c, config_line(c, "service", "user"), "user %s: %s", user,
			   err ? strerror(err) : "does not exist");
		return err ? -err : -ENOENT;
	}
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	if (group) {
		struct group *gr;

		errno = 0;
		gr = getgrnam(group);
		if (!gr) {
			err = errno;
			config_err(c, config_line(c, "service", "group"), "group %s: %s", group,
				   err ? strerror(err) : "does not exist");
			return err ? -err : -ENOENT;
		}
		*gid = gr->gr_gid;
	}
	return 0;
}

int privilege_drop(const struct config *c)
{
	uid_t uid;
	gid_t gid;
	int err = privilege_find(c, &uid, &gid);

	if (err)
		return err;
	if (geteuid() == uid && getegid() == gid)
		return 0;
	if (initgroups(c->user, gid) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		err = errno;
		config_err(c, config_line(c, "service", "user"), "becoming user %s: %s", c->user,
			   strerror(err));
		return -err;
	}
	return 0;
}

void privilege_raise_nofile(void)
{
	struct rlimit r;

	if (!getrlimit(RLIMIT_NOFILE, &r) && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}
