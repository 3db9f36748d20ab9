// SPDX-License-Identifier: GPL-2.0-or-later
/* Which units a boot starts: folders that are made up, as `systemctl enable` and others leave them.
 */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "boot.h"

static char root[] = "/tmp/units-XXXXXX";

static void sh(const char *command)
{
	char *all = na_printf("cd %s && %s", root, command);

	assert_int_equal(system(all), 0);
	free(all);
}

/* A file, with its folder, below the root. */
static void put(const char *path, const char *text)
{
	char *make = na_printf("mkdir -p \"$(dirname %s)\"", path);
	char *file = na_printf("%s/%s", root, path);
	FILE *f;

	sh(make);
	f = fopen(file, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	free(file);
	free(make);
}

static void ln(const char *to, const char *path)
{
	char *make = na_printf("mkdir -p \"$(dirname %s)\" && ln -sfn %s %s", path, to, path);

	sh(make);
	free(make);
}

#define LIB "usr/lib/systemd/system/"
#define ETC "etc/systemd/system/"
#define RUN "run/systemd/system/"
#define GEN "run/systemd/generator/"

/* A machine whose unit x.service nobody wants, as yet. */
static int setup(void **state)
{
	(void)state;
	strcpy(root, "/tmp/units-XXXXXX");
	assert_non_null(mkdtemp(root));
	put(LIB "default.target", "[Unit]\nRequires=multi-user.target\n");
	put(LIB "multi-user.target", "[Unit]\nRequires=basic.target\nConflicts=rescue.target\n");
	put(LIB "basic.target", "[Unit]\nRequires = sysinit.target\n");
	put(LIB "sysinit.target", "[Unit]\n");
	put(LIB "rescue.target", "[Unit]\n");
	put(LIB "y.service", "[Service]\nExecStart=/usr/sbin/nft -f /y\n");
	put(LIB "x.service", "[Service]\nExecStart=/usr/sbin/nft -f /x\n");
	put(LIB "t@.service", "[Service]\nExecStart=/usr/sbin/nft -f /t\n");
	return 0;
}

static int teardown(void **state)
{
	char *rm = na_printf("rm -r %s", root);

	(void)state;
	assert_int_equal(system(rm), 0);
	free(rm);
	return 0;
}

/* Its files are those of @want, in JSON, in any order. */
static void loads(const char *want)
{
	struct na_boot b = {.root = root};
	json_t *w = json_of(want), *v;
	char *got;
	size_t i;

	assert_ptr_equal(na_boot_read(&b), &b);
	got = na_need(json_dumps(b.files, 0));
	assert_int_equal(json_array_size(b.files), json_array_size(w));
	json_array_foreach(w, i, v) assert_non_null(strstr(got, json_string_value(v)));
	free(got);
	json_decref(w);
	na_boot_clear(&b);
}

static void enabled(void **state)
{
	(void)state;
	loads("[]");
	ln("../x.service", ETC "multi-user.target.wants/x.service");
	loads("['/x']");
	ln("../y.service", ETC "sysinit.target.requires/y.service");
	loads("['/x', '/y']");
	ln("../t@.service", ETC "sysinit.target.upholds/t@one.service");
	loads("['/x', '/t', '/y']");
}

static void by_others(void **state)
{
	(void)state;
	/* by what the distribution ships, by a generator, by a unit's own words and those of
	 * drop-ins */
	ln("../x.service", LIB "basic.target.wants/x.service");
	loads("['/x']");
	ln("../y.service", GEN "multi-user.target.wants/y.service");
	loads("['/y', '/x']");
	put(ETC "basic.target.d/more.conf", "[Unit]\nWants=a.service \\\n t@1.service\n");
	loads("['/y', '/t', '/x']");
	put(ETC "basic.target.d/more.conf", "[Unit]\n#Wants=t@1.service\nAfter=t@1.service\n[X]\n"
					    "Wants=t@1.service\n");
	loads("['/y', '/x']");
	put(ETC "basic.target.d/more.txt", "[Unit]\nWants=t@1.service\n");
	loads("['/y', '/x']");
}

static void not_at_boot(void **state)
{
	struct na_boot b = {.root = root};

	(void)state;
	/* of a target that is not started; of a link for this run alone; of no unit at all */
	ln("../x.service", ETC "rescue.target.wants/x.service");
	ln("../x.service", RUN "multi-user.target.wants/x.service");
	ln("/nowhere", ETC "multi-user.target.wants/none.service");
	loads("[]");
	/* a link, and a unit, that are masked */
	ln("../x.service", LIB "multi-user.target.wants/x.service");
	loads("['/x']");
	ln("/dev/null", ETC "multi-user.target.wants/x.service");
	loads("[]");
	sh("rm " ETC "multi-user.target.wants/x.service");
	loads("['/x']");
	ln("/dev/null", ETC "x.service");
	loads("[]");
	/* its name is not there either, as of a firewall that does not start */
	na_boot_read(&b);
	assert_non_null(json_object_get(b.units, "multi-user.target"));
	assert_null(json_object_get(b.units, "x.service"));
	na_boot_clear(&b);
}

/* Each word that pulls in, alone. */
static void words(void **state)
{
	static const char *const pull[] = {"Wants", "Requires", "BindsTo", "Upholds"};

	(void)state;
	for (size_t i = 0; i < sizeof(pull) / sizeof(pull[0]); i++) {
		char *text = na_printf("[Unit]\nAfter=y.service\n%s=x.service\n#%s=y.service\n",
				       pull[i], pull[i]);

		put(LIB "sysinit.target", text);
		loads("['/x']");
		free(text);
	}
}

/* Files that an editor leaves, and an instance whose name is not known. */
static void odd_names(void **state)
{
	(void)state;
	ln("../x.service", ETC "multi-user.target.wants/x.service");
	ln("../y.service", ETC "multi-user.target.wants/.y.service");
	put(ETC ".y.service", "[Service]\nExecStart=/usr/sbin/nft -f /y\n");
	put(ETC "x.service.d/.a.conf", "[Service]\nExecStart=/usr/sbin/nft -f /more\n");
	put(LIB "sysinit.target", "[Unit]\nWants=t@%i.service\n");
	loads("['/x']");
}

static void changed(void **state)
{
	(void)state;
	ln("../x.service", ETC "multi-user.target.wants/x.service");
	put(ETC "x.service.d/a.conf", "[Service]\nExecStart=/usr/sbin/nft -f /more\n");
	loads("['/x', '/more']");
	put(ETC "x.service.d/a.conf", "[Service]\nExecStart=\nExecStart=/usr/sbin/nft -f /more\n");
	loads("['/more']");
	put(ETC "x.service", "[Service]\nExecStart=/usr/sbin/nft -f /own\n");
	sh("rm -r " ETC "x.service.d");
	loads("['/own']");
	/* another default.target, and an alias */
	ln("../../../" LIB "rescue.target", ETC "default.target");
	loads("[]");
	ln("x.service", ETC "alias.service");
	ln("../alias.service", ETC "rescue.target.wants/alias.service");
	loads("['/own']");
}

/* Units may want each other, and no end of them. */
static void circles(void **state)
{
	(void)state;
	put(LIB "sysinit.target",
	    "[Unit]\nWants=default.target sysinit.target x.service ../x %i\n");
	put(LIB "x.service", "[Unit]\nRequires=x.service default.target\n[Service]\n"
			     "ExecStart=/usr/sbin/nft -f /x\n");
	loads("['/x']");
}

/* Both answers are of one reading, which is done once. */
static void once(void **state)
{
	struct na_boot b = {.root = root};
	const json_t *units;

	(void)state;
	ln("../x.service", ETC "multi-user.target.wants/x.service");
	ln("../y.service", ETC "multi-user.target.wants/y.service");
	put(LIB "y.service", "[Service]\nExecStart=/usr/sbin/nft -of /y\n");
	units = na_boot_read(&b)->units;
	assert_int_equal(json_array_size(b.files), 2);
	assert_int_equal(json_array_size(b.optimizing), 1);
	assert_string_equal(json_string_value(json_array_get(b.optimizing, 0)), "y.service");
	sh("rm " ETC "multi-user.target.wants/x.service");
	assert_ptr_equal(na_boot_read(&b)->units, units);
	assert_int_equal(json_array_size(b.files), 2);
	na_boot_clear(&b);
	assert_int_equal(json_array_size(na_boot_read(&b)->files), 1);
	na_boot_clear(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(enabled, setup, teardown),
		cmocka_unit_test_setup_teardown(by_others, setup, teardown),
		cmocka_unit_test_setup_teardown(not_at_boot, setup, teardown),
		cmocka_unit_test_setup_teardown(changed, setup, teardown),
		cmocka_unit_test_setup_teardown(circles, setup, teardown),
		cmocka_unit_test_setup_teardown(once, setup, teardown),
		cmocka_unit_test_setup_teardown(words, setup, teardown),
		cmocka_unit_test_setup_teardown(odd_names, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("admin units", tests, NULL, NULL);
}
