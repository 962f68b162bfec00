/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A link and its two ends (components/lib/link.c), which may end between any two steps: a vmm that
 * serves a guest's queue, and a driver with a device. docs/storage.md has the rules.
 *
 * Spin tries each order of steps and ends. Checked:
 *   - each chain of the guest is given back once, after the device has done its work (assert);
 *   - the device does no work of a chain that was given back (assert);
 *   - all chains are given back: no notification is lost (no other state is an end).
 * Memory is sequentially consistent here. A memory's weaker order is not part of the model.
 *
 * FAULT selects a change of the model that the checks must find; tests/model/run tries each.
 */
#ifndef FAULT
#define FAULT 0
#endif
#define NO_SECOND_LOOK  1 /* an end waits without a last look at the other's word */
#define ANSWER_FIRST    2 /* the answer's bit changes before its status */
#define NO_DEVICE_RESET 3 /* a new driver leaves the device's work alone */
#define GIVES_FIRST     4 /* the chain is given back before the note says so */
#define NO_ANNOUNCEMENT 5 /* the core does not notify the other end at a start */

#define SLOTS  2
#define CHAINS 3 /* of the guest */
#define ENDS   2 /* of each component */

#define UNASKED 0
#define OK      1

#define HAS(word, slot) ((word >> slot) & 1)
#define BIT(slot)       (1 << slot)

/* The memory of the channel. */
byte held, asked, answered;
byte status[SLOTS], chain_of[SLOTS];
bool giving[SLOTS]; /* the note: the chain is being given back as number given_as */
byte given_as[SLOTS];
byte request[SLOTS]; /* the chain that the slot's request is of */
bool vmm_waits, driver_waits;

/* The core's notification bits. */
bool vmm_notified = true, driver_notified = true;

/* The guest's queue, and the device. */
byte num_given;
bool is_given[CHAINS], is_done[CHAINS];
/* A place for the work of each driver, so that old work may be left. */
bool device_works[ENDS + 1], device_ended[ENDS + 1];
byte device_chain[ENDS + 1];

byte vmm_ends, driver_ends;

#define MAY_END(count)                              \
	if                                          \
	:: count < ENDS -> count++; goto start_over \
	:: true                                     \
	fi

inline give_back(s)
{
	/* The used ring's entry and index: the entry may be written twice, the index once. */
	if
	:: given_as[s] == num_given ->
		d_step {
			assert(is_done[chain_of[s]]);
			assert(!is_given[chain_of[s]]);
			is_given[chain_of[s]] = true;
			num_given++
		}
	:: else
	fi
}

proctype vmm()
{
	byte waiting, s;
	bool unkicked;

start_over:
	skip;
	/* link_attach_requester() */
	d_step {
		/* channel_announce(): an earlier vmm may have ended right before its notification. */
		vmm_notified = true;
		driver_notified = (FAULT != NO_ANNOUNCEMENT || driver_notified);
		unkicked = true;
		waiting = held & (asked ^ answered);
		s = 0
	}
	do
	:: s < SLOTS ->
		waiting = waiting | (held & (status[s] != UNASKED -> BIT(s) : 0));
		s++
	:: else -> break
	od;
resume:
	s = 0;
	do
	:: s < SLOTS ->
		if
		:: HAS(held, s) && giving[s] ->
			give_back(s);
			MAY_END(vmm_ends);
			held = held & ~BIT(s);
			waiting = waiting & ~BIT(s)
		:: HAS(held, s) && !giving[s] && !HAS(waiting, s) ->
			goto ask
		:: else
		fi;
		s++
	:: else -> break
	od;
serve:
	/* Chains that wait, and a free slot. */
	do
	:: held != BIT(SLOTS) - 1 && num_given + HAS(held, 0) + HAS(held, 1) < CHAINS ->
		s = (HAS(held, 0) -> 1 : 0);
		d_step {
			chain_of[s] = num_given + HAS(held, 0) + HAS(held, 1);
			giving[s] = false;
			status[s] = UNASKED
		}
		MAY_END(vmm_ends);
		held = held | BIT(s);
		MAY_END(vmm_ends);
		goto ask
	:: else -> break
	od;
	/* link_kick() */
	if
	:: unkicked ->
		unkicked = false;
		MAY_END(vmm_ends);
		if
		:: driver_waits -> driver_waits = false; MAY_END(vmm_ends); driver_notified = true
		:: else
		fi
	:: else
	fi;
	/* link_take_answer() */
	if
	:: (waiting & ~(asked ^ answered)) == 0 ->
		vmm_waits = true;
		MAY_END(vmm_ends);
		if
		:: FAULT != NO_SECOND_LOOK && (waiting & ~(asked ^ answered)) != 0 -> goto answers
		:: else
		fi;
		if
		:: num_given == CHAINS -> goto done
		:: else
		fi;
		/* SYS_WAIT takes the bit. */
		atomic { vmm_notified -> vmm_notified = false }
		goto serve
	:: else
	fi;
answers:
	do
	:: (waiting & ~(asked ^ answered)) != 0 ->
		s = (HAS(waiting & ~(asked ^ answered), 0) -> 0 : 1);
		assert(status[s] == OK);
		waiting = waiting & ~BIT(s);
		if
		:: FAULT == GIVES_FIRST ->
			given_as[s] = num_given;
			give_back(s);
			MAY_END(vmm_ends)
		:: else
		fi;
		d_step { given_as[s] = (FAULT == GIVES_FIRST -> given_as[s] : num_given); giving[s] = true }
		MAY_END(vmm_ends);
		give_back(s);
		MAY_END(vmm_ends);
		held = held & ~BIT(s)
	:: else -> break
	od;
	goto serve;

ask:	/* link_ask() */
	request[s] = chain_of[s];
	MAY_END(vmm_ends);
	asked = (asked & ~BIT(s)) | (~answered & BIT(s));
	MAY_END(vmm_ends);
	d_step { waiting = waiting | BIT(s); unkicked = true }
	goto resume;

done:	assert(is_given[0] && is_given[1] && is_given[2])
}

/* One request at a time: the order of several is the device's. */
proctype driver()
{
	byte parity, s;
	bool unkicked;

start_over:
	skip;
	d_step {
		driver_notified = true;
		vmm_notified = (FAULT != NO_ANNOUNCEMENT || vmm_notified);
		s = driver_ends;
		do
		:: FAULT != NO_DEVICE_RESET && s != 0 -> s--; device_works[s] = false
		:: else -> break
		od;
		unkicked = true
	}
serve:
	/* link_kick() */
	if
	:: unkicked ->
		unkicked = false;
		MAY_END(driver_ends);
		if
		:: vmm_waits -> vmm_waits = false; MAY_END(driver_ends); vmm_notified = true
		:: else
		fi
	:: else
	fi;
	/* link_take_request() */
	if
	:: (asked ^ answered) == 0 ->
		driver_waits = true;
		MAY_END(driver_ends);
		if
		:: FAULT != NO_SECOND_LOOK && (asked ^ answered) != 0 -> goto take
		:: else
		fi;
end:		atomic { driver_notified -> driver_notified = false }
		goto serve
	:: else
	fi;
take:
	skip;
	d_step { s = (HAS(asked ^ answered, 0) -> 0 : 1); parity = asked & BIT(s) }
	MAY_END(driver_ends);
	d_step {
		device_chain[driver_ends] = request[s];
		device_works[driver_ends] = true;
		device_ended[driver_ends] = false
	}
	do
	:: device_ended[driver_ends] -> break
	:: driver_ends < ENDS -> driver_ends++; goto start_over
	od;
	/* link_answer() */
	if
	:: FAULT != ANSWER_FIRST -> status[s] = OK; MAY_END(driver_ends)
	:: else
	fi;
	answered = (answered & ~BIT(s)) | parity;
	MAY_END(driver_ends);
	if
	:: FAULT == ANSWER_FIRST -> status[s] = OK
	:: else
	fi;
	unkicked = true;
	goto serve
}

proctype device()
{
	byte i;
end:
	do
	:: atomic {
		device_works[0] || device_works[1] || device_works[2] ->
		if
		:: device_works[0] -> i = 0
		:: device_works[1] -> i = 1
		:: device_works[2] -> i = 2
		fi;
		assert(!is_given[device_chain[i]]);
		is_done[device_chain[i]] = true;
		device_works[i] = false;
		device_ended[i] = true
	}
	od
}

init
{
	atomic { run vmm(); run driver(); run device() }
}
