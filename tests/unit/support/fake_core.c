/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_core.h"

#include "components/mterm/port.h"
#include <mullion/err.h>
#include <mullion/types.h>
#include <stdio.h>
#include <string.h>

struct fake_core fake;

enum { ABSENT, CREATED, RUNNING, PAUSED, RESETTING, STOPPED, CRASHED };
enum { C_CREATED, C_RUNNING, C_STOPPED, C_FAULTED };

static void set_guest(u32 id, const char *name, u32 state, u32 vcpus, u64 ram)
{
	struct manage_guest *g = &fake.guests[id];

	*g = (struct manage_guest){ .id = id, .state = state, .vcpus = vcpus, .ram_bytes = ram };
	strcpy(g->name, name);
	g->regions = 2;
	if (id == 0)
		g->core = (struct manage_core_memory){ KIB(8), KIB(16), KIB(12) };
}

static void set_component(u32 id, const char *name, const char *guest, u32 state)
{
	struct manage_component *c = &fake.components[id];

	*c = (struct manage_component){ .id = id, .state = state, .priority = 210, .policy = 1 };
	strcpy(c->name, name);
	strcpy(c->guest, guest);
	c->memory_bytes = KIB(64);
	c->run_ns = 1500000000;
	c->syscalls = 12345;
}

static void set_vcpu(u32 at, const char *guest, u32 index, u32 cpu, u32 state, u32 reason)
{
	struct manage_vcpu *v = &fake.vcpus[at];

	*v = (struct manage_vcpu){ .index = index, .cpu = cpu, .state = state };
	strcpy(v->guest, guest);
	v->pause_reason = reason;
	v->priority = 200;
	v->pc = 0xffff800008012345;
	v->run_ns = 2000000000;
	v->exits[1] = 40;
	v->exits[2] = 2;
}

void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
	set_guest(0, "linux", RUNNING, 2, MIB(256));
	set_guest(1, "rt", PAUSED, 1, MIB(16));
	set_guest(2, "spare", ABSENT, 1, MIB(64));
	strcpy(fake.guests[0].vmm, "vmm-linux");
	strcpy(fake.guests[1].vmm, "vmm-rt");
	strcpy(fake.guests[2].template_name, "small");
	fake.guests[0].exits = 42;
	fake.guests[0].run_ns = 4000000000;
	set_component(0, "console", "", C_RUNNING);
	set_component(1, "mterm", "", C_RUNNING);
	set_component(2, "vmm-linux", "linux", C_RUNNING);
	set_component(3, "vmm-rt", "rt", C_FAULTED);
	set_vcpu(0, "linux", 0, 0, 3, 0);
	set_vcpu(1, "linux", 1, 1, 4, 1);
	set_vcpu(2, "rt", 0, 1, 4, 3);
	fake.log = "mullion: guests start\nlinux: hello \033[2J\"there\"\n";
	fake.log_first = 1000;
	fake.now_ns = 12345678901;
	fake.since_1970 = UINT64_C(1709210096) * 1000000000;
	fake.timer_ns = UINT64_MAX;
}

/* --- Queries ---------------------------------------------------------------------------------- */

static s64 give(void *buffer, u64 bytes, const void *record, u64 size)
{
	if (bytes < size)
		return -(s64)ERR_TOO_BIG;
	memcpy(buffer, record, size);
	return (s64)size;
}

#define GIVE(record) give(buffer, bytes, &(record), sizeof(record))

static s64 query_vcpu(u64 id, void *buffer, u64 bytes)
{
	for (size_t i = 0; i < ARRAY_SIZE(fake.vcpus); i++)
		if (id >> 16 < ARRAY_SIZE(fake.guests) &&
		    strcmp(fake.vcpus[i].guest, fake.guests[id >> 16].name) == 0 &&
		    fake.vcpus[i].index == (id & 0xffff))
			return GIVE(fake.vcpus[i]);
	return -(s64)ERR_NOT_FOUND;
}

static s64 query_thread(u64 id, void *buffer, u64 bytes)
{
	struct manage_thread t = { .state = 4, .pause_reason = 4, .priority = 210 };

	if (id < ARRAY_SIZE(fake.vcpus)) {
		(void)snprintf(t.name, sizeof(t.name), "%.20s/%u", fake.vcpus[id].guest,
			       fake.vcpus[id].index);
		t.kind = 1;
		t.state = fake.vcpus[id].state;
		t.cpu = fake.vcpus[id].cpu;
		t.run_ns = fake.vcpus[id].run_ns;
	} else if (id < ARRAY_SIZE(fake.vcpus) + ARRAY_SIZE(fake.components)) {
		const struct manage_component *c = &fake.components[id - ARRAY_SIZE(fake.vcpus)];

		strcpy(t.name, c->name);
		t.kind = 3;
		t.run_ns = c->run_ns;
	} else {
		return -(s64)ERR_NOT_FOUND;
	}
	t.slice_ns = 10000000;
	t.stack_bytes = KIB(8);
	t.stack_used = KIB(1);
	return GIVE(t);
}

static s64 query_region(u64 id, void *buffer, u64 bytes)
{
	struct manage_region r = { .access = 7, .gpa = 0x40000000, .size = MIB(16) };

	if (id >> 16 >= ARRAY_SIZE(fake.guests) || (id & 0xffff) > 1)
		return -(s64)ERR_NOT_FOUND;
	strcpy(r.name, "ram");
	if ((id & 0xffff) == 1) {
		strcpy(r.name, "uart");
		r = (struct manage_region){ .name = "uart", .kind = 4, .gpa = 0x9000000 };
		r.size = KIB(4);
	}
	return GIVE(r);
}

static s64 query_cpu(u64 id, void *buffer, u64 bytes)
{
	struct manage_cpu c = { .id = (u32)id, .online = 1, .strategy = "priority" };

	if (id > 1)
		return -(s64)ERR_NOT_FOUND;
	strcpy(c.running, id == 0 ? "linux/0" : "idle");
	c.identity = 0x80000000 + id;
	c.timers = 2;
	c.timers_fired = 77;
	c.idle_ns = fake.now_ns / 2;
	c.exits = fake.now_ns / 1000000;
	return GIVE(c);
}

static s64 query_irq(u64 id, void *buffer, u64 bytes)
{
	struct manage_irq r = { .host = 33,
				.cpu = 1,
				.level = 1,
				.owner = "console",
				.count = 9,
				.max_per_second = 1000 };

	if (id > 0)
		return -(s64)ERR_NOT_FOUND;
	return GIVE(r);
}

static s64 query_host(u64 id, void *buffer, u64 bytes)
{
	struct manage_host h = { .version = "0.2", .machine = "linux,dummy-virt" };

	if (id > 0)
		return -(s64)ERR_NOT_FOUND;
	strcpy(h.controller, "GICv3");
	strcpy(h.cpu_model, "Cortex-A57");
	h.cpus = 2;
	h.ram_bytes = GIB(1);
	h.ram_free_bytes = MIB(512);
	h.now_ns = fake.now_ns;
	h.boot_ns = fake.boot_ns;
	h.heap_pages = 40;
	h.heap_free_pages = 20;
	h.image_bytes = KIB(220);
	h.description_bytes = KIB(8);
	h.guests = 3;
	h.components = 4;
	h.log_first = fake.log_first;
	h.log_next = fake.log_first + strlen(fake.log);
	return GIVE(h);
}

static s64 query_bytes(const void *from, u64 size, u64 at, void *buffer, u64 bytes)
{
	u64 n = at > size ? 0 : MIN(bytes, size - at);

	memcpy(buffer, (const u8 *)from + (at > size ? 0 : at), n);
	return (s64)n;
}

/* Two vCPUs have the same records, the ring's of which has gone round. */
static s64 query_profile(u64 id, void *buffer, u64 bytes)
{
	static struct manage_profile r;
	u64 guest = id >> 16;

	memset(&r, 0, sizeof(r));
	if (guest >= ARRAY_SIZE(fake.guests) || (id & 0xffff) >= fake.guests[guest].vcpus ||
	    (fake.profiled & BIT(guest)) == 0)
		return -(s64)ERR_NOT_FOUND;
	r.since_ns = 1000;
	r.run = 1;
	r.on = (fake.profiled & BIT(guest + 32)) == 0;
	r.num_reasons = 2;
	r.reasons[0] = (struct manage_reason){
		.name = "HLT", .code = 7, .count = 10, .total_ns = 1000, .min_ns = 50, .max_ns = 400
	};
	r.reasons[1] = (struct manage_reason){ .name = "port",
					       .code = 30,
					       .count = 90,
					       .total_ns = 9000,
					       .min_ns = 90,
					       .max_ns = 120 };
	r.written = 85;
	for (u32 i = 0; i < MANAGE_EXITS; i++)
		r.exits[i] = (struct manage_exit){ .exit_ns = 2 * NS_PER_S + i,
						   .entry_ns = 2 * NS_PER_S + i + 100,
						   .address = 0x3f8 + i,
						   .reason = 1 };
	return GIVE(r);
}

static s64 query(u64 operation, u64 id, void *buffer, u64 bytes, u64 argument, u64 *second)
{
	s64 n;

	switch (operation) {
	case MANAGE_GUEST:
		if (id >= ARRAY_SIZE(fake.guests))
			return -(s64)ERR_NOT_FOUND;
		return GIVE(fake.guests[id]);
	case MANAGE_COMPONENT:
		if (id >= ARRAY_SIZE(fake.components))
			return -(s64)ERR_NOT_FOUND;
		return GIVE(fake.components[id]);
	case MANAGE_VCPU: return query_vcpu(id, buffer, bytes);
	case MANAGE_PROFILE: return query_profile(id, buffer, bytes);
	case MANAGE_THREAD: return query_thread(id, buffer, bytes);
	case MANAGE_CPU: return query_cpu(id, buffer, bytes);
	case MANAGE_REGION: return query_region(id, buffer, bytes);
	case MANAGE_IRQ: return query_irq(id, buffer, bytes);
	case MANAGE_HOST: return query_host(id, buffer, bytes);
	case MANAGE_LOG:
		argument = MAX(argument, fake.log_first);
		n = query_bytes(fake.log, strlen(fake.log), argument - fake.log_first, buffer,
				bytes);
		*second = argument + (u64)n;
		return n;
	case MANAGE_TREE:
		*second = fake.tree_bytes;
		if (fake.tree == NULL)
			return -(s64)ERR_DENIED;
		return query_bytes(fake.tree, fake.tree_bytes, argument, buffer, bytes);
	default: return -(s64)ERR_UNSUPPORTED;
	}
}

/* --- Acts ------------------------------------------------------------------------------------- */

static s64 to_state(u32 *state, u64 allowed, u32 to)
{
	if ((allowed & BIT(*state)) == 0)
		return -(s64)ERR_STATE;
	*state = to;
	return 0;
}

static s64 act_on_vcpu(u64 operation, u64 id)
{
	for (size_t i = 0; i < ARRAY_SIZE(fake.vcpus); i++) {
		if (id >> 16 >= ARRAY_SIZE(fake.guests) ||
		    strcmp(fake.vcpus[i].guest, fake.guests[id >> 16].name) != 0 ||
		    fake.vcpus[i].index != (id & 0xffff))
			continue;
		if ((operation == MANAGE_VCPU_RESUME) != (fake.vcpus[i].held != 0))
			return -(s64)ERR_STATE;
		fake.vcpus[i].held = operation == MANAGE_VCPU_PAUSE;
		return 0;
	}
	return -(s64)ERR_NOT_FOUND;
}

static s64 act(u64 operation, u64 id)
{
	static const struct {
		u64 allowed;
		u32 to;
	} edges[] = {
		[MANAGE_GUEST_CREATE] = { BIT(ABSENT), CREATED },
		[MANAGE_GUEST_DESTROY] = { ~BIT(ABSENT), ABSENT },
		[MANAGE_GUEST_START] = { BIT(CREATED) | BIT(STOPPED) | BIT(CRASHED), RUNNING },
		[MANAGE_GUEST_STOP] = { BIT(RUNNING) | BIT(PAUSED), STOPPED },
		[MANAGE_GUEST_PAUSE] = { BIT(RUNNING), PAUSED },
		[MANAGE_GUEST_RESUME] = { BIT(PAUSED), RUNNING },
		[MANAGE_GUEST_RESET] = { BIT(RUNNING) | BIT(PAUSED), RUNNING },
		[MANAGE_GUEST_HALT] = { BIT(RUNNING) | BIT(PAUSED), CRASHED },
		[MANAGE_COMPONENT_START] = { ~BIT(C_RUNNING), C_RUNNING },
		[MANAGE_COMPONENT_STOP] = { BIT(C_RUNNING), C_STOPPED },
		[MANAGE_COMPONENT_RESTART] = { ~UINT64_C(0), C_RUNNING },
		[MANAGE_COMPONENT_KILL] = { BIT(C_RUNNING), C_FAULTED },
	};
	u32 *state;

	if (operation > MANAGE_COMPONENT_KILL)
		return 0;
	if (operation == MANAGE_GUEST_PROFILE || operation == MANAGE_GUEST_PROFILE_END) {
		if (id >= ARRAY_SIZE(fake.guests) || fake.guests[id].state == ABSENT)
			return -(s64)ERR_NOT_FOUND;
		fake.profiled |= BIT(operation == MANAGE_GUEST_PROFILE ? id : id + 32);
		return 0;
	}
	if (operation >= MANAGE_VCPU_PAUSE && operation <= MANAGE_VCPU_RESET)
		return act_on_vcpu(operation, id);
	if (operation < MANAGE_COMPONENT_START) {
		if (id >= ARRAY_SIZE(fake.guests))
			return -(s64)ERR_NOT_FOUND;
		state = &fake.guests[id].state;
	} else {
		if (id >= ARRAY_SIZE(fake.components))
			return -(s64)ERR_NOT_FOUND;
		state = &fake.components[id].state;
	}
	return to_state(state, edges[operation].allowed, edges[operation].to);
}

s64 port_ctl(u64 operation, u64 id, void *buffer, u64 bytes, u64 argument, u64 *second)
{
	*second = 0;
	if (operation >= MANAGE_GUEST)
		return fake.refuse_query != 0
			       ? fake.refuse_query
			       : query(operation, id, buffer, bytes, argument, second);
	if (operation == MANAGE_GUEST_WATCH) {
		fake.watched |= BIT(id);
		return fake.guests[id].state == ABSENT ? -(s64)ERR_NOT_FOUND : 0;
	}
	if (fake.num_acts < FAKE_ACTS) {
		fake.acts[fake.num_acts].operation = operation;
		fake.acts[fake.num_acts].id = id;
		fake.acts[fake.num_acts].argument = argument;
	}
	fake.num_acts++;
	if (fake.on_act != NULL)
		fake.on_act(operation);
	return fake.refuse != 0 ? fake.refuse : act(operation, id);
}

/* --- The rest of the port --------------------------------------------------------------------- */

u64 port_time(u64 *since_1970)
{
	*since_1970 = fake.since_1970;
	return fake.now_ns;
}

void port_timer(u64 when_ns)
{
	fake.timer_ns = when_ns;
}

bool port_write(const char *text, size_t n)
{
	if (fake.ctrl_c != 0 && memchr(text, '\n', n) != NULL && ++fake.ctrl_c > 2) {
		fake.ctrl_c = 0;
		return false;
	}
	if (fake.num_output + n >= sizeof(fake.output)) {
		memmove(fake.output, fake.output + FAKE_OUTPUT / 2,
			fake.num_output - MIN(fake.num_output, FAKE_OUTPUT / 2));
		fake.num_output -= MIN(fake.num_output, FAKE_OUTPUT / 2);
	}
	memcpy(fake.output + fake.num_output, text, n);
	fake.num_output += n;
	fake.output[fake.num_output] = '\0';
	return true;
}

void fake_time(struct term *t, u64 ms)
{
	fake.now_ns += ms * 1000000;
	fake.guests[0].run_ns += ms * 250000;
	fake.vcpus[0].run_ns += ms * 250000;
	fake.vcpus[0].exits[1] += ms / 2;
	fake.components[2].run_ns += ms * 100000;
	if (fake.timer_ns <= fake.now_ns) {
		fake.timer_ns = UINT64_MAX;
		term_timer(t);
	}
}

void fake_second(struct term *t)
{
	fake_time(t, 1000);
}

/* --- JSON, checked without recursion ------------------------------------------------------------
 */

static const char *json_string_end_of(const char *at)
{
	for (at++; *at != '"'; at++) {
		if ((u8)*at < ' ' || (u8)*at > '~')
			return NULL;
		if (*at == '\\') {
			at++;
			if (*at == 'u' && strspn(at + 1, "0123456789abcdef") >= 4)
				at += 4;
			else if (*at == '\0' || strchr("\"\\/bfnrt", *at) == NULL)
				return NULL;
		}
	}
	return at + 1;
}

/* A number, word or string; NULL: none. */
static const char *json_scalar_end(const char *at)
{
	static const char *const words[] = { "true", "false", "null" };

	if (*at == '"')
		return json_string_end_of(at);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strncmp(at, words[i], strlen(words[i])) == 0)
			return at + strlen(words[i]);
	if (*at < '0' || *at > '9' || (*at == '0' && at[1] >= '0' && at[1] <= '9'))
		return NULL;
	return at + strspn(at, "0123456789");
}

bool fake_json_valid(const char *at)
{
	char open[64];
	size_t depth = 0;
	bool value = true; /* one must come, or a bracket that closes an empty one */

	for (;;) {
		if (value && depth > 0 && open[depth - 1] == '{' && *at != '}') {
			at = *at == '"' ? json_string_end_of(at) : NULL;
			if (at == NULL || *at++ != ':')
				return false;
		}
		if (value && (*at == '{' || *at == '[')) {
			if (depth == sizeof(open))
				return false;
			open[depth++] = *at++;
			if (*at != (open[depth - 1] == '{' ? '}' : ']'))
				continue;
		} else if (value) {
			at = json_scalar_end(at);
			if (at == NULL)
				return false;
		}
		if (depth == 0)
			return *at == '\0';
		if (*at == ',') {
			value = true;
			at++;
			continue;
		}
		if (*at != (open[--depth] == '{' ? '}' : ']'))
			return false;
		value = false;
		at++;
		if (depth == 0)
			return *at == '\0';
	}
}
