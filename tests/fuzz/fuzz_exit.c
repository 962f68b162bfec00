/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exit dispatch and guest life cycle on the fake machine: two vCPUs of one guest exit with causes
 * from the input. Meanwhile a manager stops and resets the guest. The core must not panic or lose
 * memory, and a second guest must not be affected.
 */
#include <mullion/irq.h>
#include <mullion/mem.h>

#include <stdlib.h>
#include <string.h>

#include "support/machine.h"
#include "tests/fuzz/fuzz.h"

#define VCPUS       2
#define WITNESS_CPU VCPUS
#define MAX_ACTIONS 200

struct input {
	const uint8_t *data;
	size_t left;
};

/* Meanings of an action byte beyond the kinds of exits. */
enum action {
	ACTION_RAISE = EXIT_COUNT, /* a host interrupt */
	ACTION_WANTS_IRQ,          /* the vCPU gets, or loses, a virtual interrupt */
	ACTION_SETTLE,
	ACTION_STOP,
	ACTION_RESET,
	ACTION_REQUEST, /* a request to a vCPU, as of a manager */
	ACTIONS
};

static struct config_guest config, witness_config;
static struct guest *guest, *witness;
static u64 free_pages, free_ram; /* with the witness alone */

static u8 take(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->data++;
}

/* A number as guests like them: addresses at and around every region's edges, or anything. */
static u64 take_number(struct input *in)
{
	static const u64 bases[] = { 0,
				     GUEST_RAM,
				     GUEST_RAM + GUEST_RAM_BYTES,
				     GUEST_ROM,
				     GUEST_ALIAS,
				     GUEST_DEVICE,
				     GUEST_VIRTUAL,
				     GUEST_KERNEL,
				     BIT(31),
				     BIT(40),
				     UINT64_MAX };
	u8 way = take(in);
	u64 value = 0;

	if (way < 0xf0)
		return bases[way % ARRAY_SIZE(bases)] + take(in) % 16 - 8;
	for (int i = 0; i < 8; i++)
		value = value << 8 | take(in);
	return value;
}

static void take_exit(struct input *in, enum exit_kind kind, struct vcpu_exit *exit)
{
	*exit = (struct vcpu_exit){ .kind = kind };
	switch (kind) {
	case EXIT_READ:
	case EXIT_WRITE:
		exit->access.at.v = take_number(in);
		exit->access.value = take_number(in);
		exit->access.width = (u8)(1u << (take(in) & 3));
		break;
	case EXIT_FAULT:
		exit->fault.gpa.v = take_number(in);
		exit->fault.gva.v = take_number(in);
		exit->fault.write = take(in) & 1;
		exit->fault.exec = take(in) & 1;
		exit->fault.walk = take(in) & 1;
		exit->fault.permission = take(in) & 1;
		break;
	case EXIT_CPU_ON:
		exit->cpu_on.target = (u32)take_number(in);
		exit->cpu_on.start.pc = take_number(in);
		exit->cpu_on.start.argument = take_number(in);
		break;
	case EXIT_CPU_SUSPEND:
		exit->suspend.start.pc = take_number(in);
		exit->suspend.start.argument = take_number(in);
		exit->suspend.power_down = take(in) & 1;
		break;
	case EXIT_LOG:
		exit->log.len = take(in);
		for (u32 i = 0; i < sizeof(exit->log.text); i++)
			exit->log.text[i] = (char)take(in);
		break;
	case EXIT_ERROR: exit->error.why = "the input's wish"; break;
	default: break;
	}
}

static void act(struct input *in)
{
	u8 byte = take(in);
	struct vcpu *vcpu = guest->vcpus[byte & 1];
	u32 action = (byte >> 1) % ACTIONS;
	u32 faults = vcpu->arch.counts[HOST_VCPU_FAULT], resets = guest->resets;
	struct vcpu_exit exit;

	switch (action) {
	case ACTION_RAISE: host_raise(HOST_IRQ - 1 + take(in) % 3); break;
	case ACTION_WANTS_IRQ: host_set_wants_irq(vcpu, !vcpu->arch.wants_irq); break;
	case ACTION_SETTLE: machine_settle(); break;
	case ACTION_STOP: guest_stop(guest, take(in) & 1); break;
	case ACTION_RESET: guest_reset(guest); break;
	case ACTION_REQUEST: vcpu_request(vcpu, VCPU_REQ_WATCH); break;
	default:
		take_exit(in, (enum exit_kind)action, &exit);
		if (!machine_give(vcpu, &exit))
			break;
		/* Halted permanently, unless a reset was under way that waited for this vCPU alone.
		 */
		CHECK(action != EXIT_ERROR || vcpu->thread.state == VCPU_HALTED ||
		      guest->resets == resets + 1);
		/* An access that nothing serves, and only that, is answered with a fault. */
		CHECK(vcpu->arch.counts[HOST_VCPU_FAULT] - faults ==
		      (action == EXIT_READ || action == EXIT_WRITE || action == EXIT_FAULT));
		break;
	}
}

/* True at any time between two actions. */
static void check(void)
{
	u32 running = 0;

	for (u32 i = 0; i < VCPUS; i++) {
		const struct vcpu *vcpu = guest->vcpus[i];

		CHECK(vcpu->thread.state < VCPU_STATES && vcpu->thread.refused_edges == 0);
		CHECK(vcpu->line.used < sizeof(vcpu->line.text));
		running += vcpu->thread.state == VCPU_READY || vcpu->thread.state == VCPU_RUNNING ||
			   vcpu->thread.state == VCPU_PAUSED;
		CHECK((cpu_get(i)->current == vcpu) == vcpu->arch.loaded);
	}
	CHECK(guest->running == running);
	CHECK(running != 0 || guest->state == GUEST_STOPPED || guest->state == GUEST_CRASHED);
	CHECK(guest->warnings < 64);
	CHECK(witness->state == GUEST_RUNNING && witness->vcpus[0]->thread.state == VCPU_RUNNING);
	CHECK(witness->vcpus[0]->arch.counts[HOST_VCPU_RESET] == 1);
	CHECK(host_end == HOST_END_NONE);
}

static void check_witness_memory(void)
{
	u8 seen[sizeof(machine_kernel)];

	CHECK(guest_copy_in(witness, seen, GPA(GUEST_KERNEL), sizeof(seen)) == OK);
	CHECK(memcmp(seen, machine_kernel, sizeof(seen)) == 0);
}

static void begin(void)
{
	if (witness == NULL) {
		machine_start();
		machine_config(&witness_config, "witness", WITNESS_CPU, 1, false);
		CHECK(guest_create(1, &witness_config, &witness) == OK);
		CHECK(guest_start(witness) == OK);
		machine_config(&config, "fuzzed", 0, VCPUS, true);
		machine_settle();
		free_pages = page_free_count();
		free_ram = ram_free_bytes();
	}
	host_console_clear();
	CHECK(guest_create(0, &config, &guest) == OK);
	CHECK(guest_start(guest) == OK);
	machine_settle();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	begin();
	for (u32 i = 0; in.left > 0 && i < MAX_ACTIONS; i++) {
		act(&in);
		check();
	}
	/* A reset under way may start it once more; after that it is stopped. */
	machine_settle();
	guest_stop(guest, false);
	machine_settle();
	CHECK(guest->running == 0);
	check_witness_memory();
	CHECK(guest_destroy(0) == OK);
	CHECK(page_free_count() == free_pages && ram_free_bytes() == free_ram);
	return 0;
}
