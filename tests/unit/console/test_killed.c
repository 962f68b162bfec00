/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A console that is killed at every instruction. No output of a port is lost, at most one character
 * is shown twice, and the next incarnation displays the same port. A child runs the console
 * instruction by instruction. After each, a new incarnation takes over the kept memory.
 */
#define _GNU_SOURCE /* process_vm_readv() */
#include "support/killed.h"

#include "console/fake.h"

#define PORTS       3u
#define RESTARTED   "[console: restarted]\r\n[console: linux2]\r\n"
#define STEPS_LEAST 1000 /* less is no work */
#define STRIDE      7    /* prime: instructions between two kills */

static struct {
	struct console_state state;
	u8 rings[PORTS * KEEP_LEAST];
} kept;

static const char seen[] = "text of the port that has the focus",
		  unseen[] = "text of a hidden port";

static void take_over(pid_t child)
{
	killed_copy(child, &kept, sizeof(kept));
	killed_copy(child, fake.lines, sizeof(fake.lines[0]) * PORTS);
	killed_copy(child, &fake.shown, sizeof(fake.shown));
	killed_copy(child, fake.screen, fake.shown + 1);
	fake.screen[fake.shown] = 0;
}

static void start(u32 starts)
{
	memset(&fake.console, 0, sizeof(fake.console));
	fake.info.starts = starts;
	console_start(&fake.console, &fake.info);
	fake_pump(0);
}

/* A text of linux2, which is displayed, and one of mterm. */
static void prepare(void)
{
	fake_grants(PORTS, "");
	fake_grant(GRANT_MEMORY, "state", (uintptr_t)&kept, sizeof(kept), GRANT_KEPT);
	memset(&kept, 0, sizeof(kept));
	start(0);
	fake_key("\0352");
	fake_clear();
	(void)fake_send(1, seen, strlen(seen));
	(void)fake_send(2, unseen, strlen(unseen));
}

/* @text without @note and line ends. */
static void strip(char *text, const char *note)
{
	char *at = strstr(text, note), *to = text;

	if (at != NULL)
		memmove(at, at + strlen(note), strlen(at + strlen(note)) + 1);
	for (at = text; *at != 0; at++)
		if (*at != '\r' && *at != '\n')
			*to++ = *at;
	*to = 0;
}

/* Each character of @wanted once, and one twice at most. */
static void assert_shows(const char *got, const char *wanted)
{
	size_t same = 0;

	while (got[same] != 0 && got[same] == wanted[same])
		same++;
	if (strcmp(got, wanted) != 0 && (same == 0 || strcmp(got + same, wanted + same - 1) != 0))
		fail_msg("\"%s\" in place of \"%s\"", got, wanted);
}

static void check(void)
{
	start(1);
	assert_non_null(strstr(fake.screen, RESTARTED));
	strip(fake.screen, RESTARTED);
	assert_shows(fake.screen, seen);
	fake_clear();
	fake_key("\0353");
	strip(fake.screen, "[console: mterm]\r\n");
	assert_shows(fake.screen, unseen);
	fake_clear();
}

static void act(void)
{
	fake_pump(0);
}

static void killed_anywhere(void **state)
{
	u32 steps = 0;
	pid_t child;

	(void)state;
	prepare();
	child = killed_start(act);
	while (killed_step(child, STRIDE)) {
		take_over(child);
		check();
		steps++;
	}
	assert_true(steps > STEPS_LEAST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
