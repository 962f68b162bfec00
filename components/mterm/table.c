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
#define ACT(command, verb, name, kind, ask, operation, states, text) \
	{ command, verb, name, text, run_act, kind, true, 1, 1, JSON | OPTION_YES, ask, \
	  operation, states }
#define GUEST(verb, ask, operation, states, text) \
	ACT("guest", verb, "NAME", KIND_GUEST, ask, operation, states, text)
#define VCPU(verb, ask, operation, states, text) \
	ACT("vcpu", verb, "GUEST/N", KIND_VCPU, ask, operation, states, text)
#define COMPONENT(verb, ask, operation, states, text) \
	ACT("component", verb, "NAME", KIND_COMPONENT, ask, operation, states, text)
#define PROFILE(verb, text) \
	{ "profile", verb, "GUEST", text, run_profile, KIND_GUEST, true, 1, 1, JSON, ASK_NEVER, 0, \
	  NULL }
#define PLAIN(command, verb, arguments, run, min, max, options, text) \
	{ command, verb, arguments, text, run, KIND_NONE, false, min, max, options, ASK_NEVER, 0, \
	  NULL }
#define MACHINE(verb, operation, text) \
	{ "host", verb, "", text, run_act, KIND_HOST, false, 0, 0, JSON | OPTION_YES, ASK_ALWAYS, \
	  operation, NULL }

const struct command commands[] = {
	PLAIN("help", NULL, "[COMMAND [VERB]]", NULL, 0, 2, 0, "what commands there are"),

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
	GUEST("resume", ASK_NEVER, MANAGE_GUEST_RESUME, "paused", "continue a paused guest"),
	GUEST("reset", ASK_NEVER, MANAGE_GUEST_RESET, "running or paused",
	      "start again with pristine images"),
	GUEST("halt", ASK_ALWAYS, MANAGE_GUEST_HALT, "running or paused",
	      "stop it at once; a dump is logged"),

	PARTS("vcpu", KIND_VCPU, "all vCPUs, or those of one guest"),
	SHOW("vcpu", KIND_VCPU, "GUEST/N", "all about one, with its exits by kind"),
	VCPU("pause", ASK_NEVER, MANAGE_VCPU_PAUSE, "on, and not held", "hold one where it is"),
	VCPU("resume", ASK_NEVER, MANAGE_VCPU_RESUME, "held", "continue a held one"),
	VCPU("reset", ASK_ALWAYS, MANAGE_VCPU_RESET, "on, or halted",
	     "start it again where it was started last"),
	VCPU("halt", ASK_ALWAYS, MANAGE_VCPU_HALT, "on",
	     "stop it with a dump; its guest continues"),

	PROFILE("show", "recorded exits by reason, with times"),
	PROFILE("exits", "the last ones of each vCPU"),
	ACT("profile", "on", "NAME", KIND_GUEST, ASK_NEVER, MANAGE_GUEST_PROFILE, "there",
	    "record its exits, from nothing"),
	ACT("profile", "off", "NAME", KIND_GUEST, ASK_NEVER, MANAGE_GUEST_PROFILE_END, "there",
	    "end that; the records stay"),

	LIST("component", KIND_COMPONENT, "all components"),
	SHOW("component", KIND_COMPONENT, "NAME", "all about one component"),
	COMPONENT("start", ASK_NEVER, MANAGE_COMPONENT_START, "created, stopped or faulted",
		  "load its program and let it run"),
	COMPONENT("stop", ASK_OWN, MANAGE_COMPONENT_STOP, "running",
		  "end it; what it serves waits"),
	COMPONENT("restart", ASK_OWN, MANAGE_COMPONENT_RESTART, "there", "stop and start it"),
	COMPONENT("kill", ASK_ALWAYS, MANAGE_COMPONENT_KILL, "running",
		  "as a fault would; its policy applies"),

	LIST("cpu", KIND_CPU, "all host CPUs"),
	SHOW("cpu", KIND_CPU, "N", "all about one host CPU"),
	LIST("sched", KIND_THREAD, "all threads: vCPUs, components, core"),
	SHOW("sched", KIND_THREAD, "NAME", "all about one thread"),
	ACT("sched", "stop", "NAME", KIND_THREAD, ASK_ALWAYS, MANAGE_THREAD_STOP, NULL,
	    "end one of the core's own"),
	LIST("timer", KIND_TIMER, "timer events of each CPU"),
	SHOW("timer", KIND_TIMER, "CPU", "those of one CPU"),
	LIST("irq", KIND_IRQ, "host interrupts that are routed"),
	SHOW("irq", KIND_IRQ, "N", "one of them"),
	PARTS("mem", KIND_REGION, "all regions, or those of one guest"),
	SHOW("mem", KIND_REGION, "GUEST/REGION", "one of them"),
	PLAIN("mem", "core", "", run_core_memory, 0, 0, JSON, "where the core's own memory goes"),

	PLAIN("tree", NULL, "[PATH]", run_tree, 0, 1, JSON, "the description, or one node of it"),

	PLAIN("log", "show", "", run_log, 0, 0, JSON | OPTION_FOLLOW,
	      "the log; -f continues until a key"),
	PLAIN("log", "level", "LEVEL", run_level, 1, 1, JSON,
	      "error, warn, info or debug, from now on"),
	PLAIN("time", "show", "", run_time, 0, 0, JSON, "the time, and how long the core is up"),
	{ "host", "show", "", "the machine, its memory and the core", run_host, KIND_HOST, false,
	  0, 0, JSON, ASK_NEVER, 0, NULL },
	MACHINE("poweroff", MANAGE_POWEROFF, "end all and switch the machine off"),
	MACHINE("reboot", MANAGE_REBOOT, "end all and start the machine again"),

	PLAIN("top", NULL, "", run_top, 0, 0, JSON | OPTION_ONCE,
	      "use of CPUs, live; --once: one table"),
	PLAIN("echo", NULL, "[TEXT]", run_echo, 0, TERM_WORDS, 0, "print text"),
	PLAIN("sleep", NULL, "MS", run_sleep, 1, 1, 0, "wait so many milliseconds"),
	PLAIN("history", NULL, "", run_history, 0, 0, 0, "the lines typed before"),
	PLAIN("clear", NULL, "", run_clear, 0, 0, 0, "clear the screen"),
};
/* clang-format on */

const u32 num_commands = ARRAY_SIZE(commands);

const struct topic topics[] = {
	{ "Guests", "guest", "list show create start stop pause resume reset destroy halt" },
	{ "", "vcpu", "list show pause resume reset halt: their virtual CPUs" },
	{ "", "profile", "show exits on off: their exits, with times" },
	{ "", "mem", "list show core: their memory, and the core's own" },
	{ "Core", "component", "list show start stop restart kill" },
	{ "", "top", "use of CPUs, exits and switches, each second until a key" },
	{ "", "log", "show level: what the core says" },
	{ "", "cpu", "list show: the machine's CPUs" },
	{ "", "sched", "list show stop: threads; timer list show: timer events" },
	{ "", "irq", "list show: interrupts of the machine" },
	{ "Machine", "host", "show poweroff reboot" },
	{ "", "tree", "the description that it runs by" },
	{ "", "time", "the time, and how long the machine is up" },
	{ "Terminal", "help", "this, and 'help COMMAND'" },
	{ "", "history", "the lines typed before" },
	{ "", "clear", "clear the screen" },
	{ "", "echo", "print text, for scripts" },
	{ "", "sleep", "wait so many milliseconds, for scripts" },
};

const u32 num_topics = ARRAY_SIZE(topics);

const struct near_miss near_misses[] = {
	{ "exit quit logout bye q :q", "the terminal does not end: Ctrl-] and a digit or n shows "
				       "another port, 'host poweroff' "
				       "ends the machine" },
	{ "reboot", "'host reboot' starts the machine again, 'guest reset NAME' a guest" },
	{ "poweroff shutdown halt off",
	  "'host poweroff' ends the machine, 'guest stop NAME' a guest" },
	{ "guests vm vms domain domains ls ps list status xl virsh",
	  "'guest' lists the guests, 'component' the components" },
	{ "components", "'component' lists the components" },
	{ "vcpus", "'vcpu' lists the virtual CPUs" },
	{ "cpus", "'cpu' lists the machine's CPUs" },
	{ "console connect attach switch screen",
	  "Ctrl-] and a digit shows a guest's console; Ctrl-] and l lists the ports" },
	{ "dmesg logs journalctl", "'log' shows the core's log" },
	{ "uptime date clock", "'time' shows the time, and how long the machine is up" },
	{ "free memory meminfo", "'host' shows the machine's memory, 'mem' the guests'" },
	{ "version uname info about", "'host' shows the machine and the core's version" },
	{ "perf trace exits", "'profile on GUEST' records a guest's exits" },
	{ "htop usage load", "'top' shows the use of CPUs" },
	{ "? man commands usage -h --help", "'help' lists the commands" },
	{ "cls reset", "'clear' clears the screen, 'guest reset NAME' starts a guest again" },
	{ "restart",
	  "'guest reset NAME' starts a guest again, 'component restart NAME' a component" },
	{ "dts dtb config", "'tree' shows the description" },
	{ "interrupts irqs", "'irq' lists the interrupts of the machine" },
	{ "threads tasks", "'sched' lists the threads" },
};

const u32 num_near_misses = ARRAY_SIZE(near_misses);
