/* SPDX-License-Identifier: Apache-2.0 */
/* The command table: help, completion and execution all read it. */
#include "components/mterm/term.h"

const char *const term_options[TERM_OPTIONS] = { "--json", "--yes", "--once", "-f" };

/* clang-format off */
#define JSON	 OPTION_JSON
#define LIST(command, kind, text) \
	{ command, "list", "", text, run_list, kind, false, 0, 0, JSON, ASK_NEVER, 0, NULL }
#define PARTS(command, kind, text) \
	{ command, "list", "[GUEST]", text, run_list, kind, false, 0, 1, JSON, ASK_NEVER, 0, NULL }
#define SHOW(command, kind, name, text) \
	{ command, "show", name, text, run_show, kind, true, 1, 1, JSON, ASK_NEVER, 0, NULL }
#define ACT(command, verb, kind, ask, operation, states, text) \
	{ command, verb, "NAME", text, run_act, kind, true, 1, 1, JSON | OPTION_YES, ask, \
	  operation, states }
#define GUEST(verb, ask, operation, states, text) \
	ACT("guest", verb, KIND_GUEST, ask, operation, states, text)
#define COMPONENT(verb, ask, operation, states, text) \
	ACT("component", verb, KIND_COMPONENT, ask, operation, states, text)
#define PLAIN(command, verb, arguments, run, min, max, options, text) \
	{ command, verb, arguments, text, run, KIND_NONE, false, min, max, options, ASK_NEVER, 0, \
	  NULL }
#define MACHINE(verb, operation, text) \
	{ "host", verb, "", text, run_act, KIND_HOST, false, 0, 0, JSON | OPTION_YES, ASK_ALWAYS, \
	  operation, NULL }

const struct command commands[] = {
	PLAIN("help", NULL, "[COMMAND]", run_help, 0, 1, 0, "what commands there are"),

	LIST("guest", KIND_GUEST, "all guests"),
	SHOW("guest", KIND_GUEST, "NAME", "all about one guest"),
	GUEST("create", ASK_NEVER, MANAGE_GUEST_CREATE, "absent",
	      "take its memory; it does not run yet"),
	GUEST("destroy", ASK_ALWAYS, MANAGE_GUEST_DESTROY, "there",
	      "end it and give its memory back"),
	GUEST("start", ASK_NEVER, MANAGE_GUEST_START, "created, stopped or crashed",
	      "load its images and let it run"),
	GUEST("stop", ASK_NEVER, MANAGE_GUEST_STOP, "running or paused", "power it off"),
	GUEST("pause", ASK_NEVER, MANAGE_GUEST_PAUSE, "running", "hold it where it is"),
	GUEST("resume", ASK_NEVER, MANAGE_GUEST_RESUME, "paused", "let a paused guest go on"),
	GUEST("reset", ASK_NEVER, MANAGE_GUEST_RESET, "running or paused",
	      "begin anew with pristine images"),
	GUEST("halt", ASK_ALWAYS, MANAGE_GUEST_HALT, "running or paused",
	      "stop it at once, with a dump in the log"),

	PARTS("vcpu", KIND_VCPU, "all vCPUs, or those of one guest"),
	SHOW("vcpu", KIND_VCPU, "GUEST/N", "all about one vCPU, with its exits by kind"),

	LIST("component", KIND_COMPONENT, "all components"),
	SHOW("component", KIND_COMPONENT, "NAME", "all about one component"),
	COMPONENT("start", ASK_NEVER, MANAGE_COMPONENT_START, "created, stopped or faulted",
		  "load its program and let it run"),
	COMPONENT("stop", ASK_OWN, MANAGE_COMPONENT_STOP, "running",
		  "end it; what it serves waits"),
	COMPONENT("restart", ASK_OWN, MANAGE_COMPONENT_RESTART, "there", "stop and start it"),
	COMPONENT("kill", ASK_ALWAYS, MANAGE_COMPONENT_KILL, "running",
		  "as if it had faulted: its restart policy applies"),

	LIST("cpu", KIND_CPU, "all host CPUs"),
	SHOW("cpu", KIND_CPU, "N", "all about one host CPU"),
	LIST("sched", KIND_THREAD, "all threads: vCPUs, components, the core's"),
	SHOW("sched", KIND_THREAD, "NAME", "all about one thread"),
	LIST("timer", KIND_TIMER, "armed and fired timer events of each CPU"),
	SHOW("timer", KIND_TIMER, "CPU", "those of one CPU"),
	LIST("irq", KIND_IRQ, "host interrupts that are routed"),
	SHOW("irq", KIND_IRQ, "N", "one of them"),
	PARTS("mem", KIND_REGION, "all regions of memory, or those of one guest"),
	SHOW("mem", KIND_REGION, "GUEST/REGION", "one of them"),

	PLAIN("tree", NULL, "[PATH]", run_tree, 0, 1, JSON, "the description, or one node of it"),

	PLAIN("log", "show", "", run_log, 0, 0, JSON | OPTION_FOLLOW,
	      "the core's log; -f: and what comes, until a key"),
	PLAIN("log", "level", "LEVEL", run_level, 1, 1, JSON,
	      "from now on log error, warn, info or debug"),
	PLAIN("time", "show", "", run_time, 0, 0, JSON, "the time, and how long the core is up"),
	{ "host", "show", "", "the machine, its memory and the core", run_host, KIND_HOST, false,
	  0, 0, JSON, ASK_NEVER, 0, NULL },
	MACHINE("poweroff", MANAGE_POWEROFF, "end all and switch the machine off"),
	MACHINE("reboot", MANAGE_REBOOT, "end all and start the machine again"),

	PLAIN("top", NULL, "", run_top, 0, 0, JSON | OPTION_ONCE,
	      "use of CPUs and exits per second, live until a key; --once: one second"),
	PLAIN("echo", NULL, "[TEXT]", run_echo, 0, TERM_WORDS, 0, "print text"),
	PLAIN("sleep", NULL, "MS", run_sleep, 1, 1, 0, "wait so many milliseconds"),
	PLAIN("history", NULL, "", run_history, 0, 0, 0, "the lines typed before"),
	PLAIN("clear", NULL, "", run_clear, 0, 0, 0, "clear the screen"),
};
/* clang-format on */

const u32 num_commands = ARRAY_SIZE(commands);
