/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls on the fake machine. A component makes the calls of the input, with any arguments,
 * faults and exits. Meanwhile its guest's vCPUs access its regions, its interrupt is asserted, and
 * a manager stops it. The core must not panic or lose memory, and the peer keeps its own state.
 */
#include <arch/time.h>
#include <mullion/irq.h>
#include <mullion/manage.h>
#include <mullion/mem.h>
#include <mullion/sched.h>

#include <stdlib.h>
#include <string.h>

#include "support/components.h"
#include "tests/fuzz/fuzz.h"

#define MAX_ACTIONS 100

struct input {
	const uint8_t *data;
	size_t left;
};

enum action {
	ACTION_CALL,
	ACTION_CALL_MORE, /* most of the input */
	ACTION_FAULT,
	ACTION_READ,
	ACTION_WRITE,
	ACTION_INTERRUPT,
	ACTION_TIME,
	ACTION_STOP,
	ACTION_START,
	ACTION_RESTART,
	ACTION_KILL,
	ACTION_STOP_VCPU,
	ACTION_RESET_GUEST,
	ACTION_ATTACH, /* or detach */
	ACTIONS
};

static struct component *server, *peer;
static u64 free_pages, free_ram;
static bool attached;
static const u8 secret[64] = "what the peer alone may know";

static u8 take(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->data++;
}

/* Numbers at and around every edge, or anything. */
static u64 take_number(struct input *in)
{
	static const u64 bases[] = { 0,
				     SERVER_GRANTS,
				     GRANTS_MAX,
				     COMPONENT_INFO,
				     SERVER_TEXT,
				     SERVER_DATA,
				     SERVER_DATA + 2 * PAGE_SIZE,
				     COMPONENT_STACK,
				     COMPONENT_STACK - STACK_BYTES,
				     SERVER_SHARED,
				     SERVER_DEVICE,
				     SERVER_MEMORY,
				     SERVER_FILE,
				     COMPONENT_GUEST,
				     COMPONENT_GUEST + SERVED_RAM,
				     1024,
				     BIT(40),
				     BIT(63),
				     UINT64_MAX };
	u8 way = take(in);
	u64 value = 0;

	if (way < 0xa0)
		return way % 32;
	if (way < 0xf0)
		return bases[way % ARRAY_SIZE(bases)] + take(in) % 32 - 16;
	for (int i = 0; i < 8; i++)
		value = value << 8 | take(in);
	return value;
}

static void act_call(struct input *in, enum user_trap trap)
{
	static struct host_call call;

	call = (struct host_call){ .trap = trap, .number = take(in) % (SYS_COUNT + 2) };
	for (u32 i = 0; i < USER_ARGUMENTS && trap == USER_SYSCALL; i++)
		call.arguments[i] = take_number(in);
	components_script(server, &call, 1);
	components_go();
}

static void act_access(struct input *in, bool write)
{
	static const u64 bases[] = { SERVED_UART, SERVED_VIRTIO, SERVED_VIRTIO + 0x50,
				     SERVED_UART + PAGE_SIZE - 4, SERVED_RAM };
	static u64 insns[COMPONENTS_VCPUS][5];
	u32 index = take(in) % COMPONENTS_VCPUS;
	u64 gpa = bases[take(in) % ARRAY_SIZE(bases)] + take(in) % 16;

	if (components_waits(index))
		return;
	if (gpa % 16 == 15)
		components_insn(index, insns[index], sizeof(insns[index]));
	else
		components_access(index, write, gpa, take_number(in), 1u << (take(in) & 3));
}

/* As the core stops a guest's vCPU: it leaves whatever it waits for. */
static void stop_vcpu(u32 index)
{
	struct vcpu *vcpu = &world.vcpus[index];

	atomic_store(&vcpu->requests, VCPU_REQ_STOP);
	if (components_waits(index))
		(void)sched_wake(server->slots[index].thread);
	components_go();
	CHECK(!components_waits(index));
	CHECK(server->slots[index].state == SLOT_FREE);
	atomic_store(&vcpu->requests, 0);
}

static void stop_vcpus(void)
{
	for (u32 i = 0; i < COMPONENTS_VCPUS; i++)
		stop_vcpu(i);
}

static void act_attach(void)
{
	stop_vcpus();
	/* Another guest's vCPUs are others, too. */
	for (u32 i = 0; i < COMPONENTS_VCPUS; i++)
		world.vcpus[i].served = (struct served_region){ 0 };
	if (attached)
		component_guest_detach(&world.guest);
	else
		CHECK(component_guest_attach(&world.guest) == OK);
	attached = !attached;
}

static void pass(u64 ns)
{
	host_time_set(NS(arch_time_now().v + ns));
	components_go();
}

static void act(struct input *in)
{
	switch (take(in) % ACTIONS) {
	case ACTION_CALL:
	case ACTION_CALL_MORE: act_call(in, USER_SYSCALL); break;
	case ACTION_FAULT: act_call(in, USER_FAULT); break;
	case ACTION_READ: act_access(in, false); break;
	case ACTION_WRITE: act_access(in, true); break;
	case ACTION_INTERRUPT: host_raise(DEVICE_IRQ); break;
	case ACTION_TIME: pass(take(in) * UINT64_C(1000000)); break;
	case ACTION_STOP: component_stop(server); break;
	case ACTION_START: (void)!component_start(server); break;
	case ACTION_RESTART: (void)!component_restart(server); break;
	case ACTION_KILL: (void)!component_kill(server); break;
	case ACTION_STOP_VCPU: stop_vcpu(take(in) % COMPONENTS_VCPUS); break;
	case ACTION_RESET_GUEST:
		stop_vcpus();
		/* Nor has it images to be started with again. */
		if (!component_guest_reset(&world.guest, guest_devices_reset))
			(void)component_guest_forget(&world.guest);
		break;
	default: act_attach(); break;
	}
	components_go();
}

static void check(void)
{
	u32 queued = 0;
	u8 seen[sizeof(secret)];

	for (u32 i = 0; i < COMPONENTS_VCPUS; i++) {
		u32 state = server->slots[i].state;

		CHECK(state <= SLOT_ANSWERED && (state != SLOT_FREE) == components_waits(i));
		CHECK(list_has(&server->slots[i].link) == (state == SLOT_QUEUED));
		queued += state == SLOT_QUEUED;
	}
	list_for_each (&server->queue, node)
		queued--;
	CHECK(queued == 0);
	CHECK(server->state <= COMPONENT_FAULTED && server->line.used < sizeof(server->line.text));
	CHECK(server->num_grants == SERVER_GRANTS);
	CHECK(peer->state == COMPONENT_RUNNING && peer->faults == 0 && peer->restarts == 0);
	CHECK(component_copy_in(peer, seen, SERVER_DATA + 256, sizeof(seen)) == OK);
	CHECK(memcmp(seen, secret, sizeof(seen)) == 0);
	CHECK(page_free_count() == free_pages || !attached);
	CHECK(ram_free_bytes() == free_ram);
	CHECK(host_end == HOST_END_NONE);
}

static void create(void)
{
	components_create();
	server = world.server;
	peer = world.peer;
	attached = true;
	CHECK(component_start(server) == OK && component_start(peer) == OK);
	components_go();
	CHECK(component_copy_out(peer, SERVER_DATA + 256, secret, sizeof(secret)) == OK);
	free_pages = page_free_count();
	free_ram = ram_free_bytes();
}

/* Back to a server that waits, for the next input. */
static void settle(void)
{
	if (!attached)
		act_attach();
	stop_vcpus();
	/* It may be about to be restarted, to be killed then, and to be restarted again. */
	components_script(server, NULL, 0);
	components_go();
	pass(20000000);
	pass(20000000);
	component_stop(server);
	components_go();
	CHECK(server->state != COMPONENT_RUNNING);
	CHECK(component_start(server) == OK);
	components_go();
	check();
	host_console_clear();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	if (server == NULL)
		create();
	for (u32 i = 0; in.left > 0 && i < MAX_ACTIONS; i++) {
		act(&in);
		check();
	}
	settle();
	return 0;
}
