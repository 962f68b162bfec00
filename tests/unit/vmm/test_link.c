/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links between components. A child runs one end instruction by instruction. After each, a new
 * incarnation takes over the link's memory and finishes all work. No request is lost, and none
 * is served after its answer was taken. The server has an array of numbers, which requests write.
 */
#define _GNU_SOURCE /* process_vm_readv() */
#include "support/killed.h"

#include "components/lib/host.h"
#include "components/lib/link.h"

#define SLOTS       4u
#define JOBS        8u
#define BYTES       (4 * PAGE_SIZE)
#define STEPS_LEAST 300

/* Memory that outlasts each end. */
static struct world {
	_Alignas(4096) u8 memory[BYTES];
	u32 cells[JOBS]; /* the server's */
	u32 next;        /* the requester's: jobs that it has begun */
	u64 finished;    /* the requester's: a bit for each job */
	u32 served_late; /* requests that were served after their end */
} first, world;

static struct component_info info = {
	.num_grants = 1,
	.grants = { { .kind = GRANT_CHANNEL, .size = BYTES, .bit = 5, .name = "line" } },
};
static struct link requester, server;

static u32 value_of(u64 job)
{
	return 0x1000 + (u32)job * 3;
}

static void attach_requester(void)
{
	assert_true(link_attach_requester(&requester, &info, info.grants, 0, 1, SLOTS));
}

static void attach_server(void)
{
	assert_true(link_attach_server(&server, &info, info.grants, 0, 1, SLOTS));
}

static void ask_job(u32 slot, u64 job)
{
	u32 value = value_of(job);
	struct link_request request = { .kind = 1, .bytes = sizeof(value), .where = job };

	link_asking(&requester, slot);
	memcpy(link_data(&requester, slot), &value, sizeof(value));
	link_ask(&requester, slot, &request);
}

static void begin_jobs(void)
{
	while (world.next < JOBS) {
		struct link_note note = { .token = world.next };
		u32 slot = link_reserve(&requester);

		if (slot == LINK_NONE)
			return;
		link_hold(&requester, slot, &note);
		keep_order();
		world.next++;
		ask_job(slot, note.token);
	}
}

static void end_jobs(void)
{
	struct link_answer answer;
	u32 slot;

	while ((slot = link_take_answer(&requester, &answer)) != LINK_NONE) {
		u64 job = link_note(&requester, slot).token;

		assert_int_equal(answer.status, LINK_OK);
		assert_true(job < JOBS);
		assert_int_equal(world.cells[job], value_of(job));
		world.finished |= BIT(job);
		keep_order();
		link_release(&requester, slot);
	}
}

static void requester_runs(void)
{
	end_jobs();
	begin_jobs();
	link_kick(&requester);
}

/* Continues the jobs of its predecessor. */
static void requester_starts(void)
{
	attach_requester();
	for (u32 slot = 0; slot < SLOTS; slot++) {
		u64 job = link_note(&requester, slot).token;

		if ((requester.held & BIT(slot)) == 0)
			continue;
		world.next = MAX(world.next, (u32)job + 1);
		if ((link_unasked(&requester) & BIT(slot)) != 0)
			ask_job(slot, job);
	}
	requester_runs();
}

static void server_runs(void)
{
	struct link_request request;
	u32 slots[SLOTS], slot, num = 0;

	while (num < SLOTS && (slot = link_take_request(&server, &request)) != LINK_NONE) {
		if ((world.finished & BIT(request.where)) != 0)
			world.served_late++;
		memcpy(&world.cells[request.where], link_data(&server, slot), sizeof(u32));
		slots[num++] = slot;
	}
	while (num-- > 0)
		link_answer(&server, slots[num], LINK_OK, 0);
	link_kick(&server);
}

static void server_starts(void)
{
	attach_server();
	server_runs();
}

static void finish(void)
{
	for (u32 i = 0; i < 2 * JOBS; i++) {
		server_runs();
		requester_runs();
	}
	assert_int_equal(world.finished, BIT(JOBS) - 1);
	assert_int_equal(world.served_late, 0);
	assert_int_equal(requester.held, 0);
	for (u32 i = 0; i < JOBS; i++)
		assert_int_equal(world.cells[i], value_of(i));
}

/* Some requests are answered, and some are not. */
static int half_done(void **state)
{
	struct link_request request;

	(void)state;
	host_core_reset();
	memset(&world, 0, sizeof(world));
	info.grants[0].address = (uintptr_t)world.memory;
	attach_requester();
	attach_server();
	requester_runs();
	for (u32 i = 0; i < 2; i++) {
		u32 slot = link_take_request(&server, &request);

		memcpy(&world.cells[request.where], link_data(&server, slot), sizeof(u32));
		link_answer(&server, slot, LINK_OK, 0);
	}
	first = world;
	return 0;
}

static void kill_everywhere(void (*act)(void), void (*again)(void))
{
	struct link other_requester = requester, other_server = server;
	pid_t child = killed_start(act);
	u32 steps = 0;

	while (killed_step(child, 1)) {
		requester = other_requester;
		server = other_server;
		killed_copy(child, &world, sizeof(world));
		again();
		finish();
		steps++;
	}
	assert_true(steps > STEPS_LEAST);
}

static void requester_killed(void **state)
{
	(void)state;
	kill_everywhere(requester_runs, requester_starts);
}

static void starting_requester_killed(void **state)
{
	(void)state;
	kill_everywhere(requester_starts, requester_starts);
}

static void server_killed(void **state)
{
	(void)state;
	kill_everywhere(server_runs, server_starts);
}

static void starting_server_killed(void **state)
{
	(void)state;
	kill_everywhere(server_starts, server_starts);
}

/* --- Notifications ----------------------------------------------------------------------------
 */

static void ask_one(void)
{
	struct link_note note = { 0 };
	u32 slot = link_reserve(&requester);

	link_hold(&requester, slot, &note);
	ask_job(slot, 0);
	link_kick(&requester);
}

/* An end that has found nothing more is notified, once; one that works is not. */
static void only_an_end_that_waits_is_notified(void **state)
{
	struct link_request request;
	struct link_answer answer;

	(void)state;
	server_runs();
	end_jobs();
	host_core.notified[0] = 0;
	ask_one();
	assert_int_equal(host_core.notified[0], 1);
	ask_one();
	link_kick(&requester);
	assert_int_equal(host_core.notified[0], 1);
	assert_int_not_equal(link_take_request(&server, &request), LINK_NONE);
	ask_one();
	assert_int_equal(host_core.notified[0], 1);
	server_runs();
	assert_int_equal(host_core.notified[0], 2);
	assert_int_not_equal(link_take_answer(&requester, &answer), LINK_NONE);
	ask_one();
	assert_int_equal(host_core.notified[0], 3);
	server_runs();
	assert_int_equal(host_core.notified[0], 3);
}

/* --- A hostile other end ----------------------------------------------------------------------
 */

static void nonsense_is_refused(void **state)
{
	struct link_memory *memory = requester.memory;
	struct link_answer answer;
	struct link_request request;
	u32 lines = 0;

	(void)state;
	memory->slots[0].answer.status = 77;
	memory->slots[1].answer.bytes = requester.slot_bytes + 1;
	for (u32 i = 0; i < 2; i++) {
		assert_int_equal(link_take_answer(&requester, &answer), i);
		assert_int_equal(answer.status, LINK_ERROR);
		assert_int_equal(answer.bytes, 0);
	}
	memory->slots[2].request.bytes = server.slot_bytes + 1;
	assert_int_equal(link_take_request(&server, &request), 3);
	assert_int_equal(link_take_answer(&requester, &answer), 2);
	assert_int_equal(answer.status, LINK_ERROR);
	for (const char *at = host_core.log; *at != '\0'; at++)
		lines += *at == '\n';
	assert_int_equal(lines, 2); /* one of each end: the rest only counts */
	assert_non_null(strstr(host_core.log, "channel 'line', slot 0: the answer"));
	assert_non_null(strstr(host_core.log, "channel 'line', slot 2: the request"));
	assert_int_equal(link_take_answer(&requester, &answer), LINK_NONE);
}

/* The server changes its word for slots that wait for nothing: the next request waits all the same.
 */
static void unwanted_answers_change_nothing(void **state)
{
	_Atomic u64 *answered = &requester.memory->words.answered;
	struct link_answer answer;

	(void)state;
	end_jobs();
	atomic_store(answered, atomic_load(answered) ^ 3);
	assert_int_equal(link_take_answer(&requester, &answer), LINK_NONE);
	begin_jobs();
	assert_int_equal(link_take_answer(&requester, &answer), LINK_NONE);
	attach_server();
	finish();
}

/* The same request twice is the requester's fault, and a new one is served. */
static void a_withdrawn_request_is_served_again(void **state)
{
	_Atomic u64 *asked = &requester.memory->words.asked;
	struct link_request request;

	(void)state;
	assert_int_equal(link_take_request(&server, &request), 2);
	atomic_store(asked, atomic_load(asked) ^ BIT(2));
	link_answer(&server, 2, LINK_OK, 0);
	assert_int_equal(link_take_request(&server, &request), 3);
	assert_int_equal(link_take_request(&server, &request), 2);
	link_answer(&server, 2, LINK_OK, 0);
	link_answer(&server, 3, LINK_OK, 0);
	assert_int_equal(link_take_request(&server, &request), LINK_NONE);
}

/* A restarted server has begun the third request: its notes have the order. */
static void begun_work_is_not_taken_again(void **state)
{
	struct link_request request;

	(void)state;
	attach_server();
	assert_false(link_serve_later(&server, 2, 4));
	assert_false(link_serve_later(&server, 0, 1));
	assert_false(link_serve_later(&server, SLOTS, 3));
	assert_true(link_serve_later(&server, 2, 3));
	assert_int_equal(link_take_request(&server, &request), 3);
	assert_int_equal(link_take_request(&server, &request), LINK_NONE);
	link_answer(&server, 2, LINK_OK, 0);
	assert_int_equal(link_take_request(&server, &request), LINK_NONE);
}

static void asked_requests_are_not_made_again(void **state)
{
	(void)state;
	attach_requester();
	assert_int_equal(link_unasked(&requester), 0);
	end_jobs();
	link_hold(&requester, link_reserve(&requester), &(struct link_note){ 0 });
	attach_requester();
	assert_int_equal(link_unasked(&requester), BIT(0));
}

/* The oldest request is not that of the first slot. */
static void requests_keep_their_order(void **state)
{
	struct link_request request;

	(void)state;
	end_jobs();
	begin_jobs();
	attach_server();
	for (u32 i = 0; i < SLOTS; i++) {
		assert_int_equal(link_take_request(&server, &request), (i + 2) % SLOTS);
		assert_int_equal(request.where, i + 2);
	}
}

static void two_parts(void **state)
{
	struct link second;

	(void)state;
	assert_true(link_attach_server(&second, &info, info.grants, 1, 2, 1));
	assert_ptr_equal(second.memory, world.memory + 2 * PAGE_SIZE);
	assert_false(link_attach_server(&second, &info, info.grants, 0, 3, 1));
	assert_false(link_attach_server(&second, &info, info.grants, 0, 1, LINK_SLOTS + 1));
	assert_false(link_attach_server(&second, &info, info.grants, 0, 1, 0));
	info.grants[0].kind = GRANT_MEMORY;
	assert_false(link_attach_requester(&second, &info, info.grants, 0, 1, SLOTS));
	info.grants[0].kind = GRANT_CHANNEL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(requester_killed, half_done),
		cmocka_unit_test_setup(starting_requester_killed, half_done),
		cmocka_unit_test_setup(server_killed, half_done),
		cmocka_unit_test_setup(starting_server_killed, half_done),
		cmocka_unit_test_setup(only_an_end_that_waits_is_notified, half_done),
		cmocka_unit_test_setup(nonsense_is_refused, half_done),
		cmocka_unit_test_setup(unwanted_answers_change_nothing, half_done),
		cmocka_unit_test_setup(a_withdrawn_request_is_served_again, half_done),
		cmocka_unit_test_setup(begun_work_is_not_taken_again, half_done),
		cmocka_unit_test_setup(asked_requests_are_not_made_again, half_done),
		cmocka_unit_test_setup(requests_keep_their_order, half_done),
		cmocka_unit_test_setup(two_parts, half_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
