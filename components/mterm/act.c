/* SPDX-License-Identifier: Apache-2.0 */
/* The commands, except tree, top, help, echo and those about memory. */
#include "components/mterm/notes.h"
#include "components/mterm/output.h"
#include "components/mterm/port.h"
#include "components/mterm/term.h"
#include "components/mterm/use.h"

#include <mullion/date.h>
#include <mullion/format.h>
#include <mullion/string.h>

bool find_named(const struct call *call, enum kind kind, const char *name, struct record *record)
{
	char otherwise[SIMILAR_HINT_MAX];
	struct similar similar;

	if (record_find(kind, name, record, &similar))
		return true;
	(void)format(otherwise, sizeof(otherwise), "; '%s list' shows all",
		     kind == call->command->kind ? call->command->name : record_word(kind));
	report_error(call, "there is no %s '%.63s'%s", record_word(kind), name,
		     similar_hint(&similar, otherwise));
	return false;
}

/* CPU use is the difference between two records. Returns true if the first one was taken: the line
 * is executed again after an interval. */
static bool measures(struct term *t, enum kind kind)
{
	if (t->measured || !record_is_measured(kind))
		return false;
	use_begin();
	use_remember(kind);
	notes_remember(kind);
	mode_wait(t, MODE_MEASURE, USE_LIST_MS);
	return true;
}

void run_list(struct term *t, const struct call *call)
{
	const char *guest = call->num_arguments == 1 ? call->arguments[0] : NULL;
	struct record record;
	s64 result;

	if (guest != NULL && !find_named(call, KIND_GUEST, guest, &record))
		return;
	if (measures(t, call->command->kind))
		return;
	result = record_list(call->command->kind, guest, (call->options & OPTION_JSON) != 0);
	if (result < 0)
		report_refused(call, result);
}

void run_show(struct term *t, const struct call *call)
{
	struct record record;

	if (find_named(call, call->command->kind, call->arguments[0], &record) &&
	    !measures(t, call->command->kind))
		record_show(call->command->kind, &record, (call->options & OPTION_JSON) != 0);
}

void run_host(struct term *t, const struct call *call)
{
	struct record record;
	struct walk walk;

	(void)t;
	walk_begin(&walk, KIND_HOST);
	if (walk_next(&walk, &record))
		record_show(KIND_HOST, &record, (call->options & OPTION_JSON) != 0);
	else
		report_refused(call, walk.error);
}

/* --- Acts ------------------------------------------------------------------------------------- */

static void done(const struct call *call, const char *name)
{
	if ((call->options & OPTION_JSON) == 0)
		return;
	json_begin();
	json_open('{');
	json_key("done");
	json_text(call->command->verb);
	if (name != NULL) {
		json_key("name");
		json_text(name);
	}
	json_close('}');
	json_end();
}

/* Ask, unless the user has said yes before. Returns true to continue at once. */
static bool may_act(struct term *t, const struct call *call, const char *name)
{
	const struct command *c = call->command;
	bool own = name != NULL &&
		   (str_equal(name, t->config.self) || str_equal(name, t->config.console));

	if (c->ask == ASK_NEVER || (c->ask == ASK_OWN && !own) || (call->options & OPTION_YES) != 0)
		return true;
	if (t->scripted || (call->options & OPTION_JSON) != 0) {
		report_error(call, "a script or program cannot be asked: add --yes to mean it");
		return false;
	}
	if (name == NULL)
		(void)format(t->question, sizeof(t->question),
			     "really %s the whole machine? [y/N] ", c->verb);
	else
		(void)format(t->question, sizeof(t->question), "really %s %s '%s'? [y/N] ", c->verb,
			     record_word(c->kind), name);
	t->mode = MODE_CONFIRM;
	return false;
}

static const char *state_of(enum kind kind, const struct record *record)
{
	switch (kind) {
	case KIND_GUEST: return abi_name(NAMES_GUEST_STATE, record->guest.state);
	case KIND_VCPU:
		return record->vcpu.held != 0 ? "held"
					      : abi_name(NAMES_VCPU_STATE, record->vcpu.state);
	default: return abi_name(NAMES_COMPONENT_STATE, record->component.state);
	}
}

static void act_failed(const struct call *call, const char *name, s64 result)
{
	const struct command *c = call->command;
	struct similar similar;
	struct record record;

	if (c->states == NULL || (result != -(s64)ERR_STATE && result != -(s64)ERR_EXISTS &&
				  result != -(s64)ERR_NOT_FOUND)) {
		report_refused(call, result);
		return;
	}
	if (!record_find(c->kind, name, &record, &similar)) {
		report_error(call, "%s '%s' is gone", record_word(c->kind), name);
		return;
	}
	report_error(call, "%s '%s' is %s, and must be %s for that", record_word(c->kind), name,
		     state_of(c->kind, &record), c->states);
}

void run_act(struct term *t, const struct call *call)
{
	const char *name = call->num_arguments == 1 ? call->arguments[0] : NULL;
	struct record record = { .id = 0 };
	u64 second;
	s64 result;

	if (name != NULL && !find_named(call, call->command->kind, name, &record))
		return;
	if (!may_act(t, call, name))
		return;
	/* The operation may end this terminal. */
	out_flush();
	result = port_ctl(call->command->operation, record.id, NULL, 0, 0, &second);
	if (result < 0)
		act_failed(call, name, result);
	else
		done(call, name);
}

void run_level(struct term *t, const struct call *call)
{
	const struct names *levels = &abi_names[NAMES_LOG_LEVEL];
	u64 second;
	s64 result;

	(void)t;
	for (u32 i = 0; i < levels->count; i++) {
		if (!str_equal(levels->words[i], call->arguments[0]))
			continue;
		result = port_ctl(MANAGE_LOG_LEVEL, 0, NULL, 0, i, &second);
		if (result < 0)
			report_refused(call, result);
		else
			done(call, NULL);
		return;
	}
	report_error(call, "there is no level '%.40s'; write error, warn, info or debug",
		     call->arguments[0]);
}

/* --- The log ---------------------------------------------------------------------------------- */

#define LOG_PIECE  512u
#define LOG_PIECES 4096u /* the log may grow as fast as it is read */

/* One piece from byte number *@at on. Returns bytes, or -(enum err). */
static s64 log_piece(u64 *at, char piece[LOG_PIECE])
{
	u64 next = *at;
	s64 n = port_ctl(MANAGE_LOG, 0, piece, LOG_PIECE, *at, &next);

	if (n > 0 && next > *at)
		*at = next;
	else if (n > 0)
		*at += (u64)n;
	return MIN(n, (s64)LOG_PIECE);
}

void log_follow(struct term *t)
{
	char piece[LOG_PIECE];

	for (u32 i = 0; i < LOG_PIECES && !out_stopped(); i++) {
		s64 n = log_piece(&t->log_at, piece);

		if (n <= 0)
			return;
		out_foreign(piece, (size_t)n);
	}
}

static void log_json(u64 at)
{
	char piece[LOG_PIECE];
	u64 first = at;

	json_begin();
	json_open('{');
	json_key("first");
	json_number(first);
	json_key("text");
	json_string_begin();
	for (u32 i = 0; i < LOG_PIECES && !out_stopped(); i++) {
		s64 n = log_piece(&at, piece);

		if (n <= 0)
			break;
		json_string_more(piece, (size_t)n);
	}
	json_string_end();
	json_key("next");
	json_number(at);
	json_close('}');
	json_end();
}

void run_log(struct term *t, const struct call *call)
{
	struct record record;
	struct walk walk;

	walk_begin(&walk, KIND_HOST);
	if (!walk_next(&walk, &record)) {
		report_refused(call, walk.error);
		return;
	}
	if ((call->options & OPTION_FOLLOW) != 0 &&
	    ((call->options & OPTION_JSON) != 0 || t->scripted)) {
		report_error(call, "-f is for people at the terminal: leave it out");
		return;
	}
	if ((call->options & OPTION_JSON) != 0) {
		log_json(record.host.log_first);
		return;
	}
	t->log_at = record.host.log_first;
	log_follow(t);
	if ((call->options & OPTION_FOLLOW) != 0 && !out_stopped())
		t->mode = MODE_FOLLOW;
}

/* --- Time ------------------------------------------------------------------------------------- */

/* Since the core began; for a terminal without the right to know, since the clock began. */
static u64 uptime(u64 now)
{
	struct record record;
	struct walk walk;

	walk_begin(&walk, KIND_HOST);
	return walk_next(&walk, &record) ? record.host.now_ns : now;
}

void run_time(struct term *t, const struct call *call)
{
	u64 wall, now = uptime(port_time(&wall));
	struct date d = date_of(wall / NS_PER_S);

	(void)t;
	if ((call->options & OPTION_JSON) != 0) {
		json_begin();
		json_open('{');
		json_key("up_ns");
		json_number(now);
		json_key("since_1970_ns");
		json_number(wall);
		json_close('}');
		json_end();
		return;
	}
	if (wall == 0)
		out_text("time             unknown: the machine has no clock\n");
	else
		out_format("time             %u-%02u-%02u %02u:%02u:%02u UTC\n", d.year, d.month,
			   d.day, d.hour, d.minute, d.second);
	out_format("up               %llu.%03u s\n", (unsigned long long)(now / NS_PER_S),
		   (unsigned int)(now / 1000000 % 1000));
}

/* --- Small ones ------------------------------------------------------------------------------- */

#define SLEEP_MAX_MS 3600000u

void run_sleep(struct term *t, const struct call *call)
{
	const char *at = call->arguments[0];
	u64 ms = 0;

	while (*at >= '0' && *at <= '9' && ms <= SLEEP_MAX_MS)
		ms = ms * 10 + (u64)(*at++ - '0');
	if (*at != '\0' || ms > SLEEP_MAX_MS || at == call->arguments[0])
		report_error(call, "'%.40s' is no number of milliseconds up to %u",
			     call->arguments[0], SLEEP_MAX_MS);
	else
		mode_wait(t, MODE_SLEEP, ms);
}

void run_history(struct term *t, const struct call *call)
{
	(void)call;
	for (u32 back = EDIT_HISTORY_MAX; back > 0; back--) {
		const char *line = history_get(&t->history, back);

		if (line != NULL)
			out_format("%s\n", line);
	}
}

void run_clear(struct term *t, const struct call *call)
{
	(void)t;
	(void)call;
	out_text("\033[H\033[2J");
}
