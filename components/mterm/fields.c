/* SPDX-License-Identifier: Apache-2.0 */
/* Which fields a record has, and how each is shown: in a list, alone, in JSON. */
#include "components/mterm/notes.h"
#include "components/mterm/output.h"
#include "components/mterm/record.h"
#include "components/mterm/term.h"
#include "components/mterm/use.h"

#include <mullion/format.h>
#include <mullion/string.h>

enum field_type {
	FIELD_TEXT,
	FIELD_U32,
	FIELD_U64,
	FIELD_HEX,
	FIELD_PLACE, /* an address; 0: none, as of what is emulated */
	FIELD_BYTES,
	FIELD_NS,   /* in seconds, so that a column can be compared */
	FIELD_TIME, /* ns, in the unit that fits */
	FIELD_USE,  /* thousandths of a CPU, in percent */
	FIELD_BOOL,
	FIELD_SOME,    /* a u32; 0: none */
	FIELD_TRIGGER, /* of an interrupt: 1 level, 0 edge */
	FIELD_WORD,    /* a u32 that `names` has a word for */
	FIELD_NODE,    /* a u32: a node of the description */
	FIELD_EXITS    /* of a vCPU, by kind; their sum in a list */
};

struct field {
	const char *key;
	u16 offset; /* in struct record */
	u8 type;    /* enum field_type */
	bool listed;
	u8 names;          /* enum names_table */
	const char *label; /* for people; NULL: the key, its '_' as blanks */
};

#define VALUE_MAX 72u /* a value as text, bytes with NUL */
#define WIDTH_MAX 40u /* of a column */
#define AT(m)     ((u16)offsetof(struct record, m))
#define LISTED    true
#define ALONE     false
#define NAME                                                  \
	{                                                     \
		"name", AT(name), FIELD_TEXT, LISTED, 0, NULL \
	}
#define USE                                                            \
	{                                                              \
		"use", AT(use_permille), FIELD_USE, LISTED, 0, "use %" \
	}
#define FIELDS_OF(f)             \
	{                        \
		ARRAY_SIZE(f), f \
	}

static const struct field guest_fields[] = {
	NAME,
	{ "state", AT(guest.state), FIELD_WORD, LISTED, NAMES_GUEST_STATE, NULL },
	{ "vcpus", AT(guest.vcpus), FIELD_U32, LISTED, 0, NULL },
	{ "ram", AT(guest.ram_bytes), FIELD_BYTES, LISTED, 0, NULL },
	{ "vmm", AT(guest.vmm), FIELD_TEXT, LISTED, 0, NULL },
	{ "resets", AT(guest.resets), FIELD_U32, LISTED, 0, NULL },
	{ "crashes", AT(guest.crashes), FIELD_U32, LISTED, 0, NULL },
	USE,
	{ "exits", AT(guest.exits), FIELD_U64, ALONE, 0, NULL },
	{ "run", AT(guest.run_ns), FIELD_NS, LISTED, 0, NULL },
	{ "vmm_state", AT(guest.vmm_state), FIELD_WORD, ALONE, NAMES_COMPONENT_STATE, NULL },
	{ "vmm_limit_reached", AT(guest.vmm_gave_up), FIELD_BOOL, ALONE, 0, "vmm limit" },
	{ "starved_s", AT(guest.starved_s), FIELD_U32, ALONE, 0, NULL },
	{ "vmm_helps", AT(guest.vmm_helps), FIELD_U64, ALONE, 0, NULL },
	{ "vmm_help_ends", AT(guest.vmm_help_ends), FIELD_U64, ALONE, 0, NULL },
	{ "id", AT(guest.id), FIELD_U32, ALONE, 0, NULL },
	{ "template", AT(guest.template_name), FIELD_TEXT, ALONE, 0, NULL },
	{ "regions", AT(guest.regions), FIELD_U32, ALONE, 0, NULL },
	{ "aspace_node", AT(guest.aspace_node), FIELD_NODE, ALONE, 0, NULL },
	{ "start_pc", AT(guest.start_pc), FIELD_HEX, ALONE, 0, NULL },
};

static const struct field vcpu_fields[] = {
	NAME,
	{ "cpu", AT(vcpu.cpu), FIELD_U32, LISTED, 0, NULL },
	{ "state", AT(vcpu.state), FIELD_WORD, LISTED, NAMES_VCPU_STATE, NULL },
	{ "reason", AT(vcpu.pause_reason), FIELD_WORD, LISTED, NAMES_PAUSE_REASON, NULL },
	{ "priority", AT(vcpu.priority), FIELD_U32, LISTED, 0, NULL },
	{ "pc", AT(vcpu.pc), FIELD_HEX, LISTED, 0, NULL },
	USE,
	{ "exits", AT(vcpu.exits), FIELD_EXITS, ALONE, 0, NULL },
	{ "run", AT(vcpu.run_ns), FIELD_NS, LISTED, 0, NULL },
	{ "guest", AT(vcpu.guest), FIELD_TEXT, ALONE, 0, NULL },
	{ "index", AT(vcpu.index), FIELD_U32, ALONE, 0, NULL },
	{ "virqs_pending", AT(vcpu.virqs_pending), FIELD_U32, ALONE, 0, NULL },
	{ "virqs_active", AT(vcpu.virqs_active), FIELD_U32, ALONE, 0, NULL },
	{ "switches", AT(vcpu.switches), FIELD_U64, ALONE, 0, NULL },
	{ "refused_edges", AT(vcpu.refused_edges), FIELD_U64, ALONE, 0, NULL },
	{ "starved_s", AT(vcpu.starved_s), FIELD_U32, ALONE, 0, NULL },
	{ "id", AT(vcpu.id), FIELD_U32, ALONE, 0, NULL },
	{ "thread", AT(vcpu.thread), FIELD_U32, ALONE, 0, NULL },
	{ "node", AT(vcpu.node), FIELD_NODE, ALONE, 0, NULL },
	{ "resets", AT(vcpu.resets), FIELD_U32, ALONE, 0, NULL },
	{ "held", AT(vcpu.held), FIELD_BOOL, ALONE, 0, NULL },
};

static const struct field component_fields[] = {
	NAME,
	{ "state", AT(component.state), FIELD_WORD, LISTED, NAMES_COMPONENT_STATE, NULL },
	{ "cpu", AT(component.cpu), FIELD_U32, LISTED, 0, NULL },
	{ "guest", AT(component.guest), FIELD_TEXT, LISTED, 0, NULL },
	{ "policy", AT(component.policy), FIELD_WORD, LISTED, NAMES_RESTART_POLICY, NULL },
	{ "restarts", AT(component.restarts), FIELD_U32, LISTED, 0, NULL },
	{ "faults", AT(component.faults), FIELD_U32, LISTED, 0, NULL },
	{ "syscalls", AT(component.syscalls), FIELD_U64, LISTED, 0, NULL },
	{ "run", AT(component.run_ns), FIELD_NS, LISTED, 0, NULL },
	{ "limit_reached", AT(component.gave_up), FIELD_BOOL, ALONE, 0, NULL },
	{ "id", AT(component.id), FIELD_U32, ALONE, 0, NULL },
	{ "priority", AT(component.priority), FIELD_U32, ALONE, 0, NULL },
	{ "grants", AT(component.grants), FIELD_U32, ALONE, 0, NULL },
	{ "memory", AT(component.memory_bytes), FIELD_BYTES, ALONE, 0, NULL },
	{ "notifications", AT(component.notifications), FIELD_U64, ALONE, 0, NULL },
	{ "exits", AT(component.exits), FIELD_U64, ALONE, 0, NULL },
	{ "helps", AT(component.helps), FIELD_U64, ALONE, 0, NULL },
	{ "help_ends", AT(component.help_ends), FIELD_U64, ALONE, 0, NULL },
};

static const struct field thread_fields[] = {
	NAME,
	{ "kind", AT(thread.kind), FIELD_WORD, LISTED, NAMES_THREAD_KIND, NULL },
	{ "cpu", AT(thread.cpu), FIELD_U32, LISTED, 0, NULL },
	{ "state", AT(thread.state), FIELD_WORD, LISTED, NAMES_VCPU_STATE, NULL },
	{ "reason", AT(thread.pause_reason), FIELD_WORD, LISTED, NAMES_PAUSE_REASON, NULL },
	{ "priority", AT(thread.priority), FIELD_U32, LISTED, 0, NULL },
	{ "slice", AT(thread.slice_ns), FIELD_TIME, LISTED, 0, NULL },
	{ "switches", AT(thread.switches), FIELD_U64, LISTED, 0, NULL },
	{ "run", AT(thread.run_ns), FIELD_NS, LISTED, 0, NULL },
	{ "id", AT(thread.id), FIELD_U32, ALONE, 0, NULL },
	{ "stack", AT(thread.stack_bytes), FIELD_BYTES, ALONE, 0, NULL },
	{ "stack_used", AT(thread.stack_used), FIELD_BYTES, ALONE, 0, NULL },
};

static const struct field cpu_fields[] = {
	{ "cpu", AT(cpu.id), FIELD_U32, LISTED, 0, NULL },
	{ "online", AT(cpu.online), FIELD_BOOL, LISTED, 0, NULL },
	{ "strategy", AT(cpu.strategy), FIELD_TEXT, LISTED, 0, NULL },
	{ "running", AT(cpu.running), FIELD_TEXT, LISTED, 0, NULL },
	{ "ready", AT(cpu.ready), FIELD_U32, LISTED, 0, NULL },
	{ "exits", AT(cpu.exits), FIELD_U64, LISTED, 0, NULL },
	{ "switches", AT(cpu.switches), FIELD_U64, LISTED, 0, NULL },
	USE,
	{ "idle", AT(cpu.idle_ns), FIELD_NS, LISTED, 0, NULL },
	{ "identity", AT(cpu.identity), FIELD_HEX, ALONE, 0, NULL },
	{ "timers", AT(cpu.timers), FIELD_U32, ALONE, 0, NULL },
	{ "timers_fired", AT(cpu.timers_fired), FIELD_U64, ALONE, 0, NULL },
};

static const struct field timer_fields[] = {
	{ "cpu", AT(cpu.id), FIELD_U32, LISTED, 0, NULL },
	{ "armed", AT(cpu.timers), FIELD_U32, LISTED, 0, NULL },
	{ "fired", AT(cpu.timers_fired), FIELD_U64, LISTED, 0, NULL },
};

static const struct field irq_fields[] = {
	{ "host", AT(irq.host), FIELD_U32, LISTED, 0, "interrupt" },
	{ "owner", AT(irq.owner), FIELD_TEXT, LISTED, 0, NULL },
	{ "target", AT(irq.target), FIELD_SOME, LISTED, 0, "in the guest" },
	{ "cpu", AT(irq.cpu), FIELD_U32, LISTED, 0, "to cpu" },
	{ "level", AT(irq.level), FIELD_TRIGGER, LISTED, 0, "trigger" },
	{ "count", AT(irq.count), FIELD_U64, LISTED, 0, "taken" },
	{ "max_per_second", AT(irq.max_per_second), FIELD_SOME, LISTED, 0, "most a second" },
};

static const struct field region_fields[] = {
	NAME,
	{ "kind", AT(region.kind), FIELD_WORD, LISTED, NAMES_REGION_KIND, NULL },
	{ "access", AT(region.access), FIELD_WORD, LISTED, NAMES_ACCESS, NULL },
	{ "guest_address", AT(region.gpa), FIELD_HEX, LISTED, 0, NULL },
	{ "host_address", AT(region.hpa), FIELD_PLACE, LISTED, 0, NULL },
	{ "size", AT(region.size), FIELD_BYTES, LISTED, 0, NULL },
};

static const struct field host_fields[] = {
	{ "version", AT(host.version), FIELD_TEXT, LISTED, 0, NULL },
	{ "machine", AT(host.machine), FIELD_TEXT, LISTED, 0, NULL },
	{ "cpu_model", AT(host.cpu_model), FIELD_TEXT, ALONE, 0, NULL },
	{ "cpus", AT(host.cpus), FIELD_U32, LISTED, 0, NULL },
	{ "controller", AT(host.controller), FIELD_TEXT, LISTED, 0, NULL },
	{ "ram", AT(host.ram_bytes), FIELD_BYTES, LISTED, 0, NULL },
	{ "ram_free", AT(host.ram_free_bytes), FIELD_BYTES, LISTED, 0, NULL },
	{ "ram_dirty", AT(host.ram_dirty_bytes), FIELD_BYTES, ALONE, 0, NULL },
	{ "heap_pages", AT(host.heap_pages), FIELD_U64, ALONE, 0, NULL },
	{ "heap_free_pages", AT(host.heap_free_pages), FIELD_U64, ALONE, 0, NULL },
	{ "text", AT(host.text_bytes), FIELD_BYTES, ALONE, 0, NULL },
	{ "up", AT(host.now_ns), FIELD_NS, ALONE, 0, NULL },
	{ "counter_hz", AT(host.counter_hz), FIELD_U64, ALONE, 0, NULL },
	{ "guests", AT(host.guests), FIELD_U32, ALONE, 0, NULL },
	{ "components", AT(host.components), FIELD_U32, ALONE, 0, NULL },
};

static const struct {
	u32 count;
	const struct field *fields;
} tables[KINDS] = {
	[KIND_GUEST] = FIELDS_OF(guest_fields),
	[KIND_VCPU] = FIELDS_OF(vcpu_fields),
	[KIND_COMPONENT] = FIELDS_OF(component_fields),
	[KIND_THREAD] = FIELDS_OF(thread_fields),
	[KIND_CPU] = FIELDS_OF(cpu_fields),
	[KIND_TIMER] = FIELDS_OF(timer_fields),
	[KIND_IRQ] = FIELDS_OF(irq_fields),
	[KIND_REGION] = FIELDS_OF(region_fields),
	[KIND_HOST] = FIELDS_OF(host_fields),
};

#define FIELDS_MAX 24u
_Static_assert(ARRAY_SIZE(vcpu_fields) <= FIELDS_MAX, "the longest table");

static u64 number(const struct record *r, const struct field *field)
{
	const char *at = (const char *)r + field->offset;
	u64 sum = 0;
	u32 small;

	switch (field->type) {
	case FIELD_U32:
	case FIELD_BOOL:
	case FIELD_SOME:
	case FIELD_TRIGGER:
	case FIELD_USE:
	case FIELD_NODE:
	case FIELD_WORD: memcpy(&small, at, sizeof(small)); return small;
	case FIELD_EXITS:
		for (u32 i = 0; i < ARRAY_SIZE(r->vcpu.exits); i++)
			sum += r->vcpu.exits[i];
		return sum;
	default: memcpy(&sum, at, sizeof(sum)); return sum;
	}
}

/* Many bytes that no large unit divides are rounded down to tenths of a MiB. */
static void bytes_text(char value[VALUE_MAX], u64 bytes)
{
	if (bytes < MIB(10) || bytes % MIB(1) == 0)
		(void)format_bytes(value, VALUE_MAX, bytes);
	else
		(void)format(value, VALUE_MAX, "%llu.%u MiB", (unsigned long long)(bytes / MIB(1)),
			     (u32)(bytes % MIB(1) * 10 / MIB(1)));
}

/* Text in a record ends with the record at the latest; what a name can never hold is shown as '?'.
 */
static void value_text(const struct record *r, const struct field *field, char value[VALUE_MAX])
{
	const char *text = (const char *)r + field->offset;
	u64 n = field->type == FIELD_TEXT ? 0 : number(r, field);

	switch (field->type) {
	case FIELD_TEXT:
		(void)format(value, VALUE_MAX, "%.63s", *text == '\0' ? "-" : text);
		for (char *c = value; *c != '\0'; c++)
			if (*c < ' ' || *c > '~')
				*c = '?';
		break;
	case FIELD_HEX: (void)format(value, VALUE_MAX, "0x%llx", (unsigned long long)n); break;
	case FIELD_PLACE:
		(void)format(value, VALUE_MAX, n != 0 ? "0x%llx" : "-", (unsigned long long)n);
		break;
	case FIELD_BYTES: bytes_text(value, n); break;
	case FIELD_NS:
		(void)format(value, VALUE_MAX, "%llu.%03u s", (unsigned long long)(n / 1000000000),
			     (unsigned int)(n / 1000000 % 1000));
		break;
	case FIELD_SOME: (void)format(value, VALUE_MAX, n != 0 ? "%u" : "-", (u32)n); break;
	case FIELD_TIME: (void)format_time(value, VALUE_MAX, n); break;
	case FIELD_USE: (void)format(value, VALUE_MAX, "%u.%u", (u32)n / 10, (u32)n % 10); break;
	case FIELD_NODE: tree_path((u32)n, value, VALUE_MAX); break;
	case FIELD_BOOL: (void)str_copy(value, VALUE_MAX, n != 0 ? "yes" : "no"); break;
	case FIELD_TRIGGER: (void)str_copy(value, VALUE_MAX, n != 0 ? "level" : "edge"); break;
	case FIELD_WORD:
		(void)str_copy(value, VALUE_MAX, abi_name((enum names_table)field->names, n));
		break;
	default: (void)format(value, VALUE_MAX, "%llu", (unsigned long long)n); break;
	}
}

static void value_json(const struct record *r, const struct field *field)
{
	const char *text = (const char *)r + field->offset;
	char path[VALUE_MAX];

	switch (field->type) {
	case FIELD_NODE:
		tree_path((u32)number(r, field), path, sizeof(path));
		json_text(path);
		break;
	case FIELD_TEXT:
		json_string_begin();
		json_string_more(text, strnlen(text, RECORD_NAME - 1));
		json_string_end();
		break;
	case FIELD_TRIGGER:
	case FIELD_BOOL: json_bool(number(r, field) != 0); break;
	case FIELD_WORD:
		json_text(abi_name((enum names_table)field->names, number(r, field)));
		break;
	case FIELD_EXITS:
		json_open('{');
		for (u32 i = 0; i < abi_names[NAMES_EXIT_KIND].count; i++) {
			json_key(abi_name(NAMES_EXIT_KIND, i));
			json_number(r->vcpu.exits[i]);
		}
		json_close('}');
		break;
	default: json_number(number(r, field)); break;
	}
}

/* A number in JSON has no unit beside it, so the key has the unit. */
static void key_json(const struct field *field)
{
	char key[32];

	static const char *const units[] = {
		[FIELD_NS] = "_ns",
		[FIELD_TIME] = "_ns",
		[FIELD_USE] = "_permille",
		[FIELD_BYTES] = "_bytes",
	};
	const char *unit = field->type < ARRAY_SIZE(units) ? units[field->type] : NULL;

	(void)format(key, sizeof(key), "%s%s", field->key, unit != NULL ? unit : "");
	json_key(key);
}

static void object_json(enum kind kind, const struct record *r)
{
	json_open('{');
	for (u32 i = 0; i < tables[kind].count; i++) {
		key_json(&tables[kind].fields[i]);
		value_json(r, &tables[kind].fields[i]);
	}
	json_close('}');
}

static bool is_number(const struct field *field)
{
	return field->type != FIELD_TEXT && field->type != FIELD_WORD &&
	       field->type != FIELD_NODE && field->type != FIELD_BOOL &&
	       field->type != FIELD_TRIGGER;
}

/* The key as people read it. */
static void head_text(const struct field *field, bool upper, char head[VALUE_MAX])
{
	(void)str_copy(head, VALUE_MAX, field->label != NULL ? field->label : field->key);
	for (char *c = head; *c != '\0'; c++) {
		if (*c == '_')
			*c = ' ';
		else if (upper && *c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	}
}

static void cell(const struct field *field, u32 width, bool first, const char *text)
{
	out_format(is_number(field) ? "%s%*s" : "%s%-*s", first ? "" : "  ", (int)width, text);
}

static bool is_wanted(const struct record *r, const char *guest)
{
	size_t n;

	if (guest == NULL)
		return true;
	n = strlen(guest);
	return strncmp(r->name, guest, n) == 0 && r->name[n] == '/';
}

static u32 head_width(const struct field *field)
{
	return (u32)strlen(field->label != NULL ? field->label : field->key);
}

bool record_is_measured(enum kind kind)
{
	return kind == KIND_GUEST || kind == KIND_VCPU || kind == KIND_CPU;
}

static void measure_use(enum kind kind, struct record *r)
{
	if (record_is_measured(kind))
		r->use_permille = (u32)use_of(kind, r, false).permille;
}

/* How wide each column must be for what is there now, within WIDTH_MAX. */
static s64 measure(enum kind kind, const char *guest, u32 widths[FIELDS_MAX])
{
	char value[VALUE_MAX];
	struct record r;
	struct walk walk;
	u32 rows = 0;

	for (u32 i = 0; i < tables[kind].count; i++)
		widths[i] = head_width(&tables[kind].fields[i]);
	walk_begin(&walk, kind);
	while (walk_next(&walk, &r)) {
		rows++;
		measure_use(kind, &r);
		for (u32 i = 0; is_wanted(&r, guest) && i < tables[kind].count; i++) {
			value_text(&r, &tables[kind].fields[i], value);
			widths[i] = MIN(MAX(widths[i], (u32)strlen(value)), WIDTH_MAX);
		}
	}
	return rows == 0 ? walk.error : 0;
}

static void row(enum kind kind, const struct record *r, const u32 widths[FIELDS_MAX])
{
	char value[VALUE_MAX];

	for (u32 i = 0; i < tables[kind].count; i++) {
		const struct field *field = &tables[kind].fields[i];

		if (!field->listed)
			continue;
		if (r == NULL)
			head_text(field, true, value);
		else
			value_text(r, field, value);
		cell(field, widths[i], i == 0, value);
	}
	out_char('\n');
}

s64 record_list(enum kind kind, const char *guest, bool json)
{
	u32 widths[FIELDS_MAX] = { 0 };
	s64 result = measure(kind, guest, widths);
	struct record r;
	struct walk walk;

	if (result < 0)
		return result;
	if (json) {
		json_begin();
		json_open('[');
	} else {
		row(kind, NULL, widths);
	}
	walk_begin(&walk, kind);
	while (!out_stopped() && walk_next(&walk, &r)) {
		if (!is_wanted(&r, guest))
			continue;
		measure_use(kind, &r);
		if (json)
			object_json(kind, &r);
		else
			row(kind, &r, widths);
	}
	if (json) {
		json_close(']');
		json_end();
	} else {
		notes_show(kind, guest);
	}
	return 0;
}

static void show_exits(const struct record *r)
{
	for (u32 i = 0; i < abi_names[NAMES_EXIT_KIND].count; i++)
		if (r->vcpu.exits[i] != 0)
			out_format("  %-14s %llu\n", abi_name(NAMES_EXIT_KIND, i),
				   (unsigned long long)r->vcpu.exits[i]);
}

void record_show(enum kind kind, struct record *record, bool json)
{
	char head[VALUE_MAX], value[VALUE_MAX];

	measure_use(kind, record);

	if (json) {
		json_begin();
		object_json(kind, record);
		json_end();
		return;
	}
	for (u32 i = 0; i < tables[kind].count; i++) {
		const struct field *field = &tables[kind].fields[i];

		head_text(field, false, head);
		value_text(record, field, value);
		out_format("%-16s %s\n", head, value);
		if (field->type == FIELD_EXITS)
			show_exits(record);
	}
	if (kind == KIND_VCPU)
		notes_show(kind, record->vcpu.guest);
}
