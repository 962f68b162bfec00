/* SPDX-License-Identifier: Apache-2.0 */
/* components/mterm: every command for people and for machines, questions, scripts, errors. */
#include "support/test.h"

#include "mterm/terminal.h"
#include "support/dtb.h"
#include <mullion/config.h>
#include <mullion/err.h>
#include <mullion/exit.h>
#include <mullion/log.h>
#include <mullion/space.h>
#include <mullion/thread.h>

static void lists(void **state)
{
	(void)state;
	says("guest",
	     "NAME   STATE    VCPUS      RAM  VMM        RESETS  CRASHES  USE %      RUN\n"
	     "linux  running      2  256 MiB  vmm-linux       0        0   25.0  4.025 s\n"
	     "rt     paused       1   16 MiB  vmm-rt          0        0    0.0  0.000 s\n"
	     "spare  absent       1   64 MiB  -               0        0    0.0  0.000 s\n");
	assert_int_equal(fake.watched, 7);
	has("vcpu",
	    "NAME     CPU  STATE    REASON  PRIORITY                  PC  USE %      RUN\n"
	    "linux/0    0  running  none         200  0xffff800008012345   25.0  2.050 s\n"
	    "linux/1    1  paused   wfi          200  0xffff800008012345    0.0  2.000 s\n");
	assert_null(strstr(output_of("vcpu list rt"), "linux"));
	has("vcpu list rt", "\nrt/0 ");
	has("component list", "\nvmm-rt     faulted    0  rt     always ");
	has("cpu list",
	    "\n  1  yes     priority  idle         0  12845         0   50.0  6.422 s\n");
	has("sched list", "\nvmm-linux  component    0  paused   wait         210  10.000 ms ");
	says("timer list", "CPU  ARMED  FIRED\n  0      2     77\n  1      2     77\n");
	says("irq", "INTERRUPT  OWNER    IN THE GUEST  TO CPU  TRIGGER  TAKEN  MOST A SECOND\n"
		    "       33  console             -       1  level        9           1000\n");
	has("mem list", "linux/uart  virtual  -           0x9000000             -   4 KiB\n");
	has("mem list rt", "NAME     KIND     ACCESS  GUEST ADDRESS");
	has("mem core", "linux                        8 KiB    16 KiB    12 KiB\n");
	has("mem core", "rest of the heap            44 KiB\n"
			"heap in use                 80 KiB\n"
			"image                      220 KiB\n"
			"description                  8 KiB\n"
			"all                        308 KiB\n");
}

static void exits_are_recorded(void **state)
{
	const char *text;

	(void)state;
	says("profile show linux",
	     "profile show: no exits of 'linux' were recorded; 'profile on linux' begins\n");
	says("profile on spare",
	     "profile on: guest 'spare' is absent, and must be there for that\n");
	has("profile show missing", "profile show: there is no guest 'missing'");
	says("profile on linux", "");
	assert_int_equal(fake.profiled, 1);
	/* Of both vCPUs, the most frequent first. */
	says("profile show linux",
	     "EXIT                        COUNT    SHARE      MIN ns     MEAN ns        MAX ns\n"
	     "port                          180   90.0 %          90         100           120\n"
	     "HLT                            20   10.0 %          50         100           400\n");
	says("profile show linux --json",
	     "{\"on\":true,\"since_ns\":1000,\"reasons\":["
	     "{\"reason\":\"port\",\"code\":30,\"count\":180,\"total_ns\":18000,\"min_ns\":90,"
	     "\"max_ns\":120},"
	     "{\"reason\":\"HLT\",\"code\":7,\"count\":20,\"total_ns\":2000,\"min_ns\":50,"
	     "\"max_ns\":400}]}\n");
	says("profile off linux", "");
	has("profile show linux --json", "{\"on\":false,");
	/* The record of 85 that is written next, number 21 of the ring, is left out. */
	text = output_of("profile exits linux");
	assert_non_null(strstr(text, "   0       2.000000022           100  port"
				     "                    0x40e\n"));
	assert_null(strstr(text, "0x40d\n"));
	assert_non_null(strstr(text, "   1       2.000000020           100  port"
				     "                    0x40c\n"));
	text = output_of("profile exits linux --json");
	assert_ptr_equal(strstr(text, "{\"on\":false,\"since_ns\":1000,\"exits\":[{\"vcpu\":0,"),
			 text);
}

static void shows(void **state)
{
	(void)state;
	has("guest show linux", "name             linux\nstate            running\n");
	has("guest show spare", "template         small\n");
	has("vcpu show linux/1", "exits            42\n  read           40\n  write          2\n");
	has("component show vmm-linux", "memory           64 KiB\n");
	has("cpu show 1", "identity         0x80000001\n");
	has("sched show mterm", "kind             component\n");
	has("sched show mterm", "stack            8 KiB\nstack used       1 KiB\n");
	has("timer show 0", "armed            2\n");
	has("irq show 33", "trigger          level\n");
	has("mem show linux/ram", "guest address    0x40000000\n");
	has("host", "ram free         512 MiB\n");
	has("host show", "up               12.");
	fake.now_ns = 12345678901;
	says("time", "time             2024-02-29 12:34:56 UTC\nup               12.345 s\n");
	fake.boot_ns = 2000000000;
	has("time", "\nup               10.345 s\n");
	has("host --json", "\"up_ns\":10345678901,");
	fake.boot_ns = 0;
	fake.since_1970 = 0;
	has("time show", "unknown");
}

/* Each of these answers in JSON with --json. */
static const char *const json_commands[] = {
	"guest",
	"guest show linux",
	"vcpu",
	"vcpu list linux",
	"vcpu show linux/0",
	"component",
	"component show mterm",
	"cpu",
	"cpu show 0",
	"sched",
	"sched show console",
	"timer",
	"timer show 1",
	"irq",
	"irq show 33",
	"mem",
	"mem show rt/ram",
	"log show",
	"log level debug",
	"time",
	"host",
	"tree",
	"tree /none",
	"guest pause linux",
	"guest pause linux", /* refused now */
	"guest stop missing",
	"component restart vmm-rt",
	"guest destroy rt --yes",
	"profile on linux",
	"profile show linux",
	"profile exits linux",
	"top",
};

static void every_command_answers_in_json(void **state)
{
	size_t size;
	char line[64], *output;

	(void)state;
	fake.tree = dtb_compile("/dts-v1/; / { a = \"x\", \"y\"; b { c = <1 2>; d; e = [00]; };"
				" f { }; };",
				&size);
	fake.tree_bytes = size;
	for (size_t i = 0; i < ARRAY_SIZE(json_commands); i++) {
		(void)snprintf(line, sizeof(line), "%s --json", json_commands[i]);
		output = (char *)output_of(line);
		assert_true(strlen(output) > 2);
		assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
		output[strlen(output) - 1] = '\0';
		if (!fake_json_valid(output))
			fail_msg("%s: %s", line, output);
	}
	has("guest show rt --json", "{\"name\":\"rt\",\"state\":\"absent\",\"vcpus\":1,"
				    "\"ram_bytes\":16777216,\"vmm\":\"vmm-rt\",\"resets\":0,");
	has("guest --json stop missing", "{\"error\":\"guest stop: there is no guest 'missing'; "
					 "'guest list' shows all\"}\n");
	has("guest --json resume linux", "{\"done\":\"resume\",\"name\":\"linux\"}\n");
	has("vcpu show linux/0 --json", "\"use_permille\":250,\"exits\":{\"none\":0,\"read\":");
	has("log --json", "\"text\":\"mullion: guests start\\u000alinux: hello \\u001b[2J\\\"the");
	says("tree --json",
	     "{\"name\":\"\",\"properties\":{\"a\":[\"x\",\"y\"]},\"nodes\":["
	     "{\"name\":\"b\",\"properties\":{\"c\":[1,2],\"d\":true,\"e\":{\"bytes\":\"00\"}},"
	     "\"nodes\":[]},{\"name\":\"f\",\"properties\":{},\"nodes\":[]}]}\n");
	free((void *)(uintptr_t)fake.tree);
}

static void nodes_are_shown_by_path(void **state)
{
	static const char dts[] = "/dts-v1/; / { a = \"x\"; guests { linux { vcpus { count = <2>; "
				  "vcpu1 { }; }; aspace { }; }; }; };";
	struct fdt tree;
	size_t size;

	(void)state;
	fake.tree = dtb_compile(dts, &size);
	fake.tree_bytes = size;
	assert_int_equal(fdt_open(&tree, fake.tree, size), OK);
	fake.vcpus[0].node = fdt_find(&tree, "/guests/linux/vcpus");
	fake.vcpus[1].node = fdt_find(&tree, "/guests/linux/vcpus/vcpu1");
	fake.guests[0].aspace_node = fdt_find(&tree, "/guests/linux/aspace");
	has("vcpu show linux/0", "\nnode             /guests/linux/vcpus\n");
	has("vcpu show linux/1 --json", "\"node\":\"/guests/linux/vcpus/vcpu1\"");
	has("guest show linux", "\naspace node      /guests/linux/aspace\n");
	fake.vcpus[0].node++;
	has("vcpu show linux/0", "\nnode             -\n");
	free((void *)(uintptr_t)fake.tree);
}

static void one_vcpu_is_held(void **state)
{
	(void)state;
	says("vcpu pause linux/1", "");
	assert_int_equal(fake.acts[0].operation, MANAGE_VCPU_PAUSE);
	assert_int_equal(fake.acts[0].id, 1);
	has("vcpu show linux/1", "\nheld             yes\n");
	says("vcpu pause linux/1",
	     "vcpu pause: vcpu 'linux/1' is held, and must be on, and not held "
	     "for that\n");
	says("vcpu resume linux/1 --json", "{\"done\":\"resume\",\"name\":\"linux/1\"}\n");
	has("vcpu pause linux/7", "there is no vcpu 'linux/7'");
	has("vcpu reset linux/1", "really reset vcpu 'linux/1'? [y/N] ");
}

static void json_checker_refuses(void **state)
{
	static const char *const bad[] = { "",         "{",     "[1,]",   "{\"a\":1,}",
					   "{\"a\"}",  "[1 2]", "\"\n\"", "\"\\x\"",
					   "[1]]",     "{1:2}", "01",     "[\"\033\"]",
					   "{\"a\":}", "tru" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(fake_json_valid(bad[i]));
	assert_true(fake_json_valid("{\"a\":[],\"b\":{},\"c\":[1,\"\\u0000\",{\"d\":true}]}"));
}

static void acts(void **state)
{
	static const struct {
		const char *line;
		u64 operation, id;
	} cases[] = {
		{ "guest create spare", MANAGE_GUEST_CREATE, 2 },
		{ "guest start spare", MANAGE_GUEST_START, 2 },
		{ "guest pause spare", MANAGE_GUEST_PAUSE, 2 },
		{ "guest resume spare", MANAGE_GUEST_RESUME, 2 },
		{ "guest reset spare", MANAGE_GUEST_RESET, 2 },
		{ "guest stop spare", MANAGE_GUEST_STOP, 2 },
		{ "guest --yes destroy spare", MANAGE_GUEST_DESTROY, 2 },
		{ "guest halt linux --yes", MANAGE_GUEST_HALT, 0 },
		{ "component start vmm-rt", MANAGE_COMPONENT_START, 3 },
		{ "component restart vmm-rt", MANAGE_COMPONENT_RESTART, 3 },
		{ "component stop vmm-rt", MANAGE_COMPONENT_STOP, 3 },
		{ "component kill vmm-linux --yes", MANAGE_COMPONENT_KILL, 2 },
		{ "component stop console --yes", MANAGE_COMPONENT_STOP, 0 },
		{ "host poweroff --yes", MANAGE_POWEROFF, 0 },
		{ "host reboot --yes", MANAGE_REBOOT, 0 },
		{ "log level debug", MANAGE_LOG_LEVEL, 0 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		says(cases[i].line, "");
		assert_int_equal(fake.num_acts, i + 1);
		assert_int_equal(fake.acts[i].operation, cases[i].operation);
		assert_int_equal(fake.acts[i].id, cases[i].id);
	}
	assert_int_equal(fake.acts[15].argument, LOG_DEBUG);
}

static void what_hurts_asks(void **state)
{
	static const struct {
		const char *line, *question;
	} cases[] = {
		{ "guest destroy linux", "really destroy guest 'linux'? [y/N] " },
		{ "guest halt rt", "really halt guest 'rt'? [y/N] " },
		{ "component kill vmm-rt", "really kill component 'vmm-rt'? [y/N] " },
		{ "component stop console", "really stop component 'console'? [y/N] " },
		{ "component stop mterm", "really stop component 'mterm'? [y/N] " },
		{ "component restart mterm", "really restart component 'mterm'? [y/N] " },
		{ "host poweroff", "really poweroff the whole machine? [y/N] " },
		{ "host reboot", "really reboot the whole machine? [y/N] " },
	};
	static const char *const refusals[] = { "", "n", "no", "Y e s", "yy", "guest list" };

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		for (u32 k = 0; k < ARRAY_SIZE(refusals); k++) {
			begin(state);
			says(cases[i].line, cases[i].question);
			says(refusals[k], "nothing was done\n");
			says("y", "there is no command 'y'; 'help' lists all\n");
			says(cases[i].line, cases[i].question);
			term_input(&term, "y\003", 2);
			assert_int_equal(fake.num_acts, 0);
			says("echo on", "on\n");
		}
		says(cases[i].line, cases[i].question);
		(void)output_of("y");
		assert_int_equal(fake.num_acts, 1);
		says(cases[i].line, cases[i].question);
		(void)output_of("yes");
		assert_int_equal(fake.num_acts, 2);
	}
}

static void programs_are_not_asked(void **state)
{
	(void)state;
	says("guest destroy linux --json",
	     "{\"error\":\"guest destroy: a script or program cannot be "
	     "asked: add --yes to mean it\"}\n");
	assert_int_equal(fake.num_acts, 0);
}

static void mistakes_are_explained(void **state)
{
	(void)state;
	says("gest", "there is no command 'gest'; did you mean 'guest'?\n");
	says("quux", "there is no command 'quux'; 'help' lists all\n");
	says("guest strat linux", "guest: there is no 'guest strat'; did you mean 'start'?\n");
	says("guest frobnicate",
	     "guest: there is no 'guest frobnicate'; 'help guest' lists what it "
	     "can do\n");
	says("guest show linus", "guest show: there is no guest 'linus'; did you mean 'linux'?\n");
	says("sched show xyz", "sched show: there is no thread 'xyz'; 'sched list' shows all\n");
	says("vcpu list missing",
	     "vcpu list: there is no guest 'missing'; 'guest list' shows all\n");
	says("guest show", "guest show: something is missing; write 'guest show NAME'\n");
	says("guest show a b", "guest show: there is too much; write 'guest show NAME'\n");
	says("guest list --jsn", "guest list: it has no option '--jsn'; did you mean '--json'?\n");
	says("guest show linux --once", "guest show: it has no option '--once'; 'help guest' shows "
					"what it takes\n");
	says("--json", "{\"error\":\"a command comes first; 'help' lists all\"}\n");
	says("guest show \"linux", "a quotation mark (\") is missing at the end\n");
	has("guest show \"linux\"", "name             linux\n");
	says("a b c d e f g h i", "the line has more words than any command takes\n");
	says("guest start linux", "guest start: guest 'linux' is running, and must be created, "
				  "stopped or crashed for that\n");
	says("log level loud",
	     "log level: there is no level 'loud'; write error, warn, info or debug\n");
	says("tree x", "tree: a node's path begins with '/', for instance /guests\n");
	has("sleep soon", "sleep: 'soon' is no number of milliseconds");
	has("sleep 3600001", "is no number");
	has("log show -f --json", "leave it out");
	says("   # nothing", "");
}

static void refusals_are_explained(void **state)
{
	(void)state;
	fake.refuse = -(s64)ERR_NO_MEMORY;
	says("guest create spare", "guest create: there is not enough memory: 'host show' shows "
				   "what is free\n");
	fake.refuse = -(s64)ERR_BUSY;
	says("guest reset rt", "guest reset: something else is being done to it: try again\n");
	fake.refuse = -(s64)ERR_HARDWARE;
	says("host reboot --yes", "host reboot: the core says: hardware error\n");
	fake.refuse_query = -(s64)ERR_DENIED;
	has("component list", "component list: this terminal has no right to it");
	has("host show", "no right");
	has("log", "no right");
	has("guest", "no right");
	has("vcpu", "no right");
}

static void tree_is_shown_as_source(void **state)
{
	size_t size;
	void *blob = dtb_compile("/dts-v1/; / { model = \"a\\\"b\"; guests { linux { autostart;"
				 " size = <0x1000>; mac = [01 02 03]; }; linux2 { }; }; };",
				 &size);

	(void)state;
	fake.tree = blob;
	fake.tree_bytes = size;
	says("tree", "/ {\n        model = \"a\\\"b\";\n        guests {\n"
		     "                linux {\n                        autostart;\n"
		     "                        size = <0x1000>;\n"
		     "                        mac = [01 02 03];\n                };\n"
		     "                linux2 {\n                };\n        };\n};\n");
	says("tree /guests/linux/", "linux {\n        autostart;\n        size = <0x1000>;\n"
				    "        mac = [01 02 03];\n};\n");
	says("tree /guest", "tree: there is no node '/guest'; 'tree' shows all\n");
	for (size_t cut = 0; cut < size; cut++) {
		fake.tree_bytes = cut;
		assert_true(strlen(output_of("tree")) < 1000);
	}
	free(blob);
	fake.tree = NULL;
	has("tree", "tree: this terminal has no right to it");
}

static void log_is_shown_and_followed(void **state)
{
	(void)state;
	says("log", "mullion: guests start\nlinux: hello ?[2J\"there\"\n");
	says("log show -f", "mullion: guests start\nlinux: hello ?[2J\"there\"\n");
	fake.log = "mullion: guests start\nlinux: hello \033[2J\"there\"\nmore\n";
	fake.num_output = 0;
	term_news(&term);
	assert_string_equal(fake.output, "more\r\n");
	fake.num_output = 0;
	term_input(&term, "\033[Aecho 1\r", 10);
	assert_non_null(strstr(fake.output, "mullion> "));
	term_news(&term);
	says("echo on", "on\n");
}

static void sleep_keeps_what_is_typed(void **state)
{
	(void)state;
	says("sleep 1500", "");
	assert_int_equal(fake.timer_ns, fake.now_ns + 1500000000);
	fake.num_output = 0;
	term_input(&term, "echo later\r", 11);
	assert_int_equal(fake.num_output, 0);
	fake_second(&term);
	assert_int_equal(term.mode, MODE_SLEEP);
	fake_second(&term);
	assert_non_null(strstr(fake.output, "echo later\r\nlater\r\nmullion> "));
	(void)output_of("sleep 1000");
	term_input(&term, "x\003", 2);
	assert_non_null(strstr(fake.output, "^C\r\nmullion> "));
	assert_true(fake.timer_ns == UINT64_MAX);
}

static void top_counts_what_was_used(void **state)
{
	char *end;

	(void)state;
	says("top --once", "");
	fake_second(&term);
	assert_non_null(strstr(fake.output, "0                                  0     50.0       "
					    "1000           0  linux/0\r\n"));
	assert_non_null(strstr(fake.output, "linux/0                            0     25.0        "
					    "500           0  running\r\n"));
	assert_non_null(strstr(fake.output, "vmm-linux                          0     10.0 "));
	assert_int_equal(term.mode, MODE_EDIT);
	(void)output_of("top --once --json");
	fake.num_output = 0;
	fake_second(&term);
	end = strstr(fake.output, "\r\n");
	*end = '\0';
	assert_true(fake_json_valid(fake.output));
	assert_non_null(strstr(fake.output, "{\"name\":\"linux/0\",\"cpu\":0,\"use_permille\":250,"
					    "\"exits_per_s\":500,"));
	assert_non_null(strstr(output_of("top"), "\033[H\033[2J"));
	for (u32 i = 0; i < 3; i++) {
		fake.num_output = 0;
		fake_second(&term);
		assert_int_equal(memcmp(fake.output, "\033[H", 3), 0);
		assert_non_null(strstr(fake.output, "     25.0        500 "));
	}
	term_input(&term, "q", 1);
	assert_true(fake.timer_ns == UINT64_MAX);
	says("echo on", "on\n");
}

static void output_ends_when_the_user_wants_no_more(void **state)
{
	(void)state;
	fake.ctrl_c = 1;
	says("sched", "^C\n");
	says("echo on", "on\n");
}

static void run_script(const char *script)
{
	struct term_config with = config;

	fake_reset();
	with.script = script;
	with.script_bytes = strlen(script);
	term_start(&term, &with);
}

static void scripts_run_at_the_start(void **state)
{
	char script[600];

	(void)state;
	run_script("# first\r\necho hello  \"you\"\nguest pause linux\nsleep 1000\n\n"
		   "guest destroy linux\nguest destroy linux --yes\nlog show -f\ntop");
	assert_string_equal(strchr(fake.output, '#') - strlen("mullion> "),
			    "mullion> # first\r\nmullion> echo hello  \"you\"\r\nhello  \"you\"\r\n"
			    "mullion> guest pause linux\r\nmullion> sleep 1000\r\n");
	assert_int_equal(fake.num_acts, 1);
	fake_second(&term);
	assert_non_null(strstr(fake.output, "guest destroy: a script or program cannot be asked"));
	assert_non_null(strstr(fake.output, "-f is for people"));
	assert_non_null(strstr(fake.output, "add --once"));
	assert_int_equal(fake.num_acts, 2);
	says("echo on", "on\n");
	memset(script, 'x', sizeof(script) - 1);
	script[sizeof(script) - 1] = '\0';
	strcpy(script + 300, "\necho \x80\necho end\n");
	run_script(script);
	assert_non_null(strstr(fake.output, "this line of the script is too long or no text"));
	assert_non_null(strstr(fake.output, "\r\nend\r\nmullion> "));
	run_script("sleep 1000\nguest pause linux\n");
	term_input(&term, "\003", 1);
	fake_second(&term);
	assert_int_equal(fake.num_acts, 0);
}

static void echo_prints_what_is_typed(void **state)
{
	(void)state;
	says("echo  a  \"b\" --json", " a  \"b\" --json\n");
	says("echo", "\n");
	/* Its name as a word of quotation marks: then so is the rest. */
	says("echo\"\"", "\n");
	says("\"echo\" a  \"b  c\"", "a b  c\n");
}

/* The words of abi/names.h are in the order of the core's enums. */
static void words_fit_the_enums(void **state)
{
	(void)state;
	assert_int_equal(abi_names[NAMES_EXIT_KIND].count, EXIT_COUNT);
	assert_string_equal(abi_name(NAMES_EXIT_KIND, EXIT_SYSTEM_RESET), "system_reset");
	assert_int_equal(abi_names[NAMES_LOG_LEVEL].count, LOG_DEBUG + 1);
	assert_int_equal(abi_names[NAMES_VCPU_STATE].count, VCPU_STATES);
	for (u32 i = 0; i < VCPU_STATES; i++)
		assert_true(strlen(abi_name(NAMES_VCPU_STATE, i)) > 0);
	assert_int_equal(abi_names[NAMES_PAUSE_REASON].count, PAUSE_REASONS);
	assert_string_equal(abi_name(NAMES_PAUSE_REASON, PAUSE_ASKED), "asked");
	assert_string_equal(abi_name(NAMES_RESTART_POLICY, RESTART_LIMITED), "limited");
	assert_string_equal(abi_name(NAMES_THREAD_KIND, THREAD_COMPONENT), "component");
	assert_string_equal(abi_name(NAMES_REGION_KIND, REGION_SHARED), "shared");
	assert_string_equal(abi_name(NAMES_REGION_KIND, REGION_KINDS), "invalid");
	assert_string_equal(abi_name(NAMES_ACCESS, SPACE_READ | SPACE_EXEC), "rx");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lists, begin),
		cmocka_unit_test_setup(shows, begin),
		cmocka_unit_test_setup(nodes_are_shown_by_path, begin),
		cmocka_unit_test_setup(one_vcpu_is_held, begin),
		cmocka_unit_test_setup(every_command_answers_in_json, begin),
		cmocka_unit_test_setup(json_checker_refuses, begin),
		cmocka_unit_test_setup(acts, begin),
		cmocka_unit_test_setup(what_hurts_asks, begin),
		cmocka_unit_test_setup(programs_are_not_asked, begin),
		cmocka_unit_test_setup(mistakes_are_explained, begin),
		cmocka_unit_test_setup(refusals_are_explained, begin),
		cmocka_unit_test_setup(exits_are_recorded, begin),
		cmocka_unit_test_setup(tree_is_shown_as_source, begin),
		cmocka_unit_test_setup(log_is_shown_and_followed, begin),
		cmocka_unit_test_setup(sleep_keeps_what_is_typed, begin),
		cmocka_unit_test_setup(top_counts_what_was_used, begin),
		cmocka_unit_test_setup(output_ends_when_the_user_wants_no_more, begin),
		cmocka_unit_test_setup(scripts_run_at_the_start, begin),
		cmocka_unit_test_setup(echo_prints_what_is_typed, begin),
		cmocka_unit_test_setup(words_fit_the_enums, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
