/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The management terminal: lines from the console or from a script become commands, and those
 * become calls of SYS_GUEST_CTL. Only port_write() waits. A command that takes time is a mode:
 * sleep, top, a followed log, a question. A key, the timer or news of the log ends it.
 */
#ifndef MTERM_TERM_H
#define MTERM_TERM_H

#include "components/mterm/edit.h"
#include "components/mterm/record.h"
#include <mullion/err.h>
#include <mullion/types.h>

enum term_mode {
	MODE_EDIT,
	MODE_CONFIRM,  /* a question was asked: the next line answers it */
	MODE_SLEEP,    /* until the time, or Ctrl-C */
	MODE_MEASURE,  /* the same, and then the line once more, see run_list() */
	MODE_TOP_ONCE, /* the same, and then the table */
	MODE_TOP,      /* live; until a key */
	MODE_FOLLOW,   /* the log; until a key */
};

#define TERM_WORDS    8u
#define TERM_AHEAD    256u /* bytes typed while a command takes its time */
#define TERM_QUESTION 112u
#define WORD_SHOWN    40 /* characters of an unknown word in a message */

#define OPTION_JSON   BIT(0)
#define OPTION_YES    BIT(1)
#define OPTION_ONCE   BIT(2)
#define OPTION_FOLLOW BIT(3)

struct term_config {
	char self[MANAGE_NAME];    /* the component that this terminal is */
	char console[MANAGE_NAME]; /* the one that its line leads to */
	const char *script;        /* lines to run first; NULL: none */
	size_t script_bytes;
};

struct term {
	struct term_config config;
	enum term_mode mode;
	struct editor editor;
	struct history history;
	char pending[EDIT_LINE_MAX]; /* the latest line that was run */
	char question[TERM_QUESTION];
	char ahead[TERM_AHEAD];
	u32 num_ahead;
	size_t script_at;
	bool scripted; /* the line being run comes from the script */
	bool measured; /* the line being run has waited in MODE_MEASURE */
	bool json;     /* MODE_TOP_ONCE: in JSON */
	u64 log_at;    /* MODE_FOLLOW: the next byte's number */
};

struct call;

enum ask { ASK_NEVER, ASK_ALWAYS, ASK_OWN /* when it is the terminal or its console */ };

/* One row of the command table: a command, or one verb of it. The first row of a command is what
 * it does without a verb. */
struct command {
	const char *name, *verb; /* verb: NULL when the command has none */
	const char *arguments;   /* as help shows them */
	const char *what;
	void (*run)(struct term *t, const struct call *call); /* NULL: help_show() */
	enum kind kind;                                       /* what the command is about */
	bool names;         /* its first argument is the name of such */
	u8 min, max;        /* number of arguments */
	u8 options;         /* OPTION_... that it has */
	enum ask ask;       /* "really ...?" without --yes */
	u16 operation;      /* enum manage, of an act */
	const char *states; /* those that an act needs, for people */
};

struct call {
	const struct command *command;
	const char *arguments[TERM_WORDS];
	u32 num_arguments;
	u8 options;
	const char *rest; /* echo: the line behind its name, as typed; NULL: its name was quoted */
};

extern const struct command commands[];
extern const u32 num_commands;

/* A command as `help` lists it. The first of a group has its name, the others "". */
struct topic {
	const char *group, *name, *what;
};
extern const struct topic topics[];
extern const u32 num_topics;

/* Names of commands elsewhere, and what to write here. */
struct near_miss {
	const char *words; /* blanks part them */
	const char *advice;
};
extern const struct near_miss near_misses[];
extern const u32 num_near_misses;

/* The options by name, in the order of their bits. */
#define TERM_OPTIONS 4u
extern const char *const term_options[TERM_OPTIONS];

/** term_start() - print the banner, run the script, prompt. */
void term_start(struct term *t, const struct term_config *config);
/** term_input() - @n bytes that the user typed. */
void term_input(struct term *t, const char *bytes, size_t n);
/** term_timer() - the time given to port_timer() has come. */
void term_timer(struct term *t);
/** term_news() - the core's log has something new. */
void term_news(struct term *t);

/* --- Between the terminal's own files --------------------------------------------------------- */

/** command_run() - run one line. @line is taken apart. */
void command_run(struct term *t, char *line, bool confirmed);
/** report_error() - print a mistake or failure; with --json as an object. The text starts with the
 * command's name. */
void report_error(const struct call *call, const char *fmt, ...) __printf(2, 3);
/** report_refused() - print why the core refused the call; @result: of port_ctl(), below 0. */
void report_refused(const struct call *call, s64 result);
/** find_named() - find the record that @name names. Returns false after a message that there is
 * none. */
bool find_named(const struct call *call, enum kind kind, const char *name, struct record *record);
/** mode_wait() - enter @mode and set the timer to @ms milliseconds from now. */
void mode_wait(struct term *t, enum term_mode mode, u64 ms);
/** mode_end() - stop the timer and return to MODE_EDIT. */
void mode_end(struct term *t);
/** complete() - complete the word before the editor's cursor, or show what it could be. */
void complete(struct editor *e);

/** run_list(), run_show(), run_act(), run_host(), run_history(), run_echo(), run_sleep(),
 * run_clear(), run_time(), run_core_memory(), run_profile(), run_log(), run_level(), run_tree(),
 * run_top() - `run` of rows of the command table. */
void run_list(struct term *t, const struct call *call);
void run_show(struct term *t, const struct call *call);
void run_act(struct term *t, const struct call *call);
void run_host(struct term *t, const struct call *call);
/** help_show() - print the help about the command and verb in the call's arguments, or about all.
 */
void help_show(const struct call *call);
/** help_unknown() - there is no command @name: print advice. */
void help_unknown(const struct call *call, const char *name);
void run_history(struct term *t, const struct call *call);
void run_echo(struct term *t, const struct call *call);
void run_sleep(struct term *t, const struct call *call);
void run_clear(struct term *t, const struct call *call);
void run_time(struct term *t, const struct call *call);
void run_core_memory(struct term *t, const struct call *call);
void run_profile(struct term *t, const struct call *call);
void run_log(struct term *t, const struct call *call);
void run_level(struct term *t, const struct call *call);
void run_tree(struct term *t, const struct call *call);
void run_top(struct term *t, const struct call *call);

/** tree_path() - the path of node @node of the description (byte of its structure block), or "-" if
 * the core gives none. */
void tree_path(u32 node, char *path, size_t size);
/** log_follow() - print what came since. */
void log_follow(struct term *t);
/** top_tick() - a second is over: print what was used in it. */
void top_tick(struct term *t);

#endif
