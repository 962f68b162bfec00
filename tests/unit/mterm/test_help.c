/* SPDX-License-Identifier: Apache-2.0 */
/* components/mterm: help, hints for near misses, and notes beside the tables: use, starvation,
 * restart limits. */
#include "support/test.h"

#include "mterm/terminal.h"

/* Lines of @text; each fits the columns of a usual terminal. */
static u32 lines_of(const char *text)
{
	u32 lines = 0;

	for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1, lines++)
		if (end - text > (long)EDIT_COLUMNS)
			fail_msg("too wide: %.*s", (int)(end - text), text);
	return lines;
}

static void help_fits_a_screen(void **state)
{
	const char *help = output_of("help");
	char row[64];

	(void)state;
	assert_true(lines_of(help) <= 22); /* of 24, with the line typed and the prompt */
	for (u32 i = 0; i < num_commands; i++) {
		(void)snprintf(row, sizeof(row), " %s ", commands[i].name);
		if (strstr(help, row) == NULL)
			fail_msg("help lacks '%s'", commands[i].name);
	}
	for (u32 i = 0; i < num_topics; i++) {
		const char *name = topics[i].name;

		(void)snprintf(row, sizeof(row), "help %s", name);
		help = output_of(row);
		assert_true(lines_of(help) <= 22);
		assert_non_null(strstr(help, name));
	}
}

static void help_tells_about_each_verb(void **state)
{
	char line[64], usage[64];

	(void)state;
	for (u32 i = 0; i < num_commands; i++) {
		const struct command *c = &commands[i];
		const char *help;

		(void)snprintf(line, sizeof(line), "help %s", c->name);
		(void)snprintf(usage, sizeof(usage), "  %s%s%s ", c->name, c->verb ? " " : "",
			       c->verb ? c->verb : "");
		help = output_of(line);
		assert_non_null(strstr(help, usage));
		assert_non_null(strstr(help, c->what));
	}
	assert_null(strstr(output_of("help guest"), "vcpu list"));
	says("help guest stop", "  guest stop NAME                   power it off\n"
				"  for a guest that is running or paused\n");
	says("help guest fly", "there is no 'guest fly'; 'help guest' lists what it can do\n");
	says("help top now", "there is no 'top now'; 'help top' lists what it can do\n");
	says("help gest", "there is no command 'gest'; did you mean 'guest'?\n");
	has("guest --help",
	    "  guest destroy NAME [--yes]        end it and give its memory back\n");
	has("guest stop -h", "  guest stop NAME ");
}

static void near_misses_get_a_hint(void **state)
{
	static const struct {
		const char *line, *hint;
	} cases[] = {
		{ "exit", "there is no command 'exit'; the terminal does not end: Ctrl-]" },
		{ "quit", "'host poweroff' ends the machine" },
		{ "reboot",
		  "'host reboot' starts the machine again, 'guest reset NAME' a guest\n" },
		{ "poweroff", "'host poweroff' ends the machine, 'guest stop NAME' a guest\n" },
		{ "shutdown now", "'host poweroff' ends the machine" },
		{ "?", "'help' lists the commands\n" },
		{ "ls", "'guest' lists the guests" },
		{ "dmesg", "'log' shows the core's log\n" },
		{ "start linux", "a command comes before 'start'; write 'guest start NAME'\n" },
		{ "kill vmm-linux", "write 'component kill NAME'\n" },
		{ "level debug", "write 'log level LEVEL'\n" },
		{ "linux", "'linux' is a guest, no command; 'guest show linux' describes it\n" },
		{ "vmm-rt",
		  "'vmm-rt' is a component, no command; 'component show vmm-rt' describes" },
		{ "qui", "there is no command 'qui'; 'help' lists all\n" },
		{ "help exit", "there is no command 'exit'; the terminal does not end" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		has(cases[i].line, cases[i].hint);
	has("poweroff --json", "{\"error\":\"there is no command 'poweroff'; ");
	assert_int_equal(fake.num_acts, 0);
	/* None of them hides a command. */
	for (u32 i = 0; i < num_commands; i++)
		for (u32 k = 0; k < num_near_misses; k++) {
			const char *at = strstr(near_misses[k].words, commands[i].name);
			size_t n = strlen(commands[i].name);

			assert_false(at != NULL && (at[n] == ' ' || at[n] == '\0') &&
				     (at == near_misses[k].words || at[-1] == ' '));
		}
}

static void a_restart_limit_is_shown(void **state)
{
	static const char note[] = "vmm-rt: its restart limit is reached; 'component start vmm-rt' "
				   "starts it again\n";

	(void)state;
	assert_null(strstr(output_of("component"), "limit"));
	fake.components[3].gave_up = 1;
	fake.guests[1].vmm_gave_up = 1;
	fake.guests[1].vmm_state = 3;
	has("component", note);
	has("guest", note);
	has("component show vmm-rt", "limit reached    yes\n");
	has("guest show rt", "vmm state        faulted\nvmm limit        yes\n");
	has("guest show rt --json", "\"vmm_state\":\"faulted\",\"vmm_limit_reached\":true,");
}

/* A vCPU that is READY and does not run is reported, with the thread that has its CPU. */
static void starvation_is_shown(void **state)
{
	static const char note[] = "rt/0: ready, but it did not run for the last 100 ms; linux/0, "
				   "of priority 210, has "
				   "CPU 0\n";

	(void)state;
	assert_null(strstr(output_of("guest"), "did not run"));
	fake.vcpus[2].state = 2;
	assert_null(strstr(output_of("guest"), "did not run")); /* nothing is seen on its CPU */
	fake.vcpus[2].cpu = 0;
	has("guest", note);
	has("vcpu", note);
	has("vcpu list rt", note);
	has("vcpu show rt/0", note);
	assert_null(strstr(output_of("vcpu list linux"), "did not run"));
	fake.vcpus[0].state = 2; /* it had its share */
	assert_null(strstr(output_of("vcpu list linux"), "did not run"));
}

/* A list of guests takes two queries. Input in between is kept, and Ctrl-C ends the command. */
static void use_is_measured(void **state)
{
	(void)state;
	fake.num_output = 0;
	term_input(&term, "guest\recho later\r", 17);
	assert_null(strstr(fake.output, "running"));
	fake_time(&term, USE_LIST_MS);
	assert_non_null(strstr(fake.output, "   25.0  4.025 s\r\n"));
	assert_non_null(strstr(fake.output, "later\r\nmullion> "));
	has("guest show linux", "use %            25.0\n");
	has("vcpu list linux --json", "\"use_permille\":250,");
	has("cpu show 0", "use %            50.0\n");
	/* A mistake is reported at once. */
	term_input(&term, "guest show linus\r", 17);
	assert_int_equal(term.mode, MODE_EDIT);
	term_input(&term, "guest\r\003", 7);
	assert_int_equal(term.mode, MODE_EDIT);
	assert_true(fake.timer_ns == UINT64_MAX);
	says("echo on", "on\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(help_fits_a_screen, begin),
		cmocka_unit_test_setup(help_tells_about_each_verb, begin),
		cmocka_unit_test_setup(near_misses_get_a_hint, begin),
		cmocka_unit_test_setup(use_is_measured, begin),
		cmocka_unit_test_setup(starvation_is_shown, begin),
		cmocka_unit_test_setup(a_restart_limit_is_shown, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
