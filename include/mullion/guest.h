/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guests and their vCPUs: life cycle, the state machine, exits.
 *
 * A vCPU is a thread (thread.h) that stays on the host CPU which the description gives it. Other
 * threads leave a RUNNING vCPU alone: they set a request bit and kick it. Its thread acts at its
 * next pass of the loop.
 */
#ifndef MULLION_GUEST_H
#define MULLION_GUEST_H

#include <arch/vcpu.h>
#include <arch/virq.h>
#include <mullion/config.h>
#include <mullion/err.h>
#include <mullion/exit.h>
#include <mullion/guest_tree.h>
#include <mullion/log.h>
#include <mullion/space.h>
#include <mullion/spinlock.h>
#include <mullion/sync.h>
#include <mullion/thread.h>

/* Requests to a vCPU's thread, by vcpu_request(). */
#define VCPU_REQ_STOP    BIT(0) /* leave the run loop; the vCPU goes to RESET */
#define VCPU_REQ_WATCH   BIT(1) /* its guest is watched: choose again whether its waits trap */
#define VCPU_REQ_PAUSE   BIT(2) /* it or its guest paused or resumed: vcpu_is_paused() */
#define VCPU_REQ_SWEEP   BIT(4) /* by itself: the rest of vcpu_sweep() is to be done */
#define VCPU_REQ_DUMP    BIT(3) /* with STOP: dump first; the vCPU goes to HALTED */
#define VCPU_REQ_PROFILE BIT(5) /* guest->profile has changed */

struct component;
struct guest;
struct manage_profile;

#define SERVED_WIDEST 8u /* bytes of an access, at most */

/* The region that inline service (serve.h) expects next. An access of any width that begins in its
 * span ends in the region; of ports the span is the region. */
struct served_region {
	u64 base, span; /* guest address, bytes; span 0: none */
	u64 read_span;  /* of reads alone; a region with a doorbell has no other span */
	u64 where;      /* struct component_exit's, of a read without its width */
	struct component *component;
};

struct vcpu {
	struct arch_vcpu arch; /* first: assembly knows its offsets */
	struct thread thread;
	struct budget budget; /* of the thread's account, where the description gives one */
	struct guest *guest;
	u32 index; /* within the guest */
	_Atomic u64 requests;
	_Atomic bool fresh; /* started, but has not run its first instruction yet */
	_Atomic bool held;  /* paused by itself; changed under the guest's lock */
	bool restart;       /* it starts again once it has stopped; under the guest's lock */
	u32 starts;         /* from its reset state */
	u64 exits[EXIT_COUNT];
	struct served_region served; /* the virtual region that it used last */
	struct vcpu_start start;
	u32 sweep_region;               /* where vcpu_sweep() is */
	u64 sweep_done;                 /* bytes of that region */
	struct log_line line;           /* of the log, not complete yet */
	struct manage_profile *profile; /* a page, from its first recording on; else NULL */
};

enum guest_state {
	GUEST_ABSENT,  /* described, but not created */
	GUEST_CREATED, /* not started yet */
	GUEST_RUNNING,
	GUEST_PAUSED,    /* its vCPUs pause, or will at their next check of requests */
	GUEST_RESETTING, /* its vCPUs stop; the last one starts it again */
	GUEST_STOPPED,   /* powered off, or on the way */
	GUEST_CRASHED,
};

struct region {
	const struct config_region *config;
	gpa_t gpa;
	u64 size;
	hpa_t hpa;
};

struct guest {
	struct arch_guest arch; /* virtual interrupt controller and the like */
	const struct config_guest *config;
	u32 id;
	struct spinlock lock; /* rank: see spinlock.h */
	_Atomic u32 state;    /* enum guest_state */
	struct space space;
	u32 num_regions;
	struct region *regions; /* sorted by gpa */
	u32 num_vcpus;
	struct vcpu **vcpus;
	u32 running;       /* vCPUs started and not yet stopped; under the lock */
	bool fresh;        /* its first vCPU has yet to load the images */
	bool asked;        /* its end was requested by the manager; under the lock */
	bool tearing_down; /* about to be destroyed: nothing starts it any more; under the lock */
	struct waitqueue stopped; /* guest_destroy(): running became 0 */
	u32 resets, crashes;
	_Atomic u64 watch_until; /* ns; not 0: WFI is trapped, see guest_watch() */
	_Atomic u32 profile;     /* number of the recording of exits that is on; 0: none is */
	u32 profiles;            /* recordings so far */
	u32 profile_pages;       /* beside object_pages */
	u32 warnings;     /* messages about its accesses so far: a guest cannot flood the log */
	u64 object_pages; /* heap pages of this structure and all that hangs off it */
};

extern bool guests_stay; /* vmm { stay; }: do not power off when no guest runs any more */

/* --- The table: guests by their number in the description (core/guest/guest.c) ---------------- */

/** guest_get() - guest number @id, or NULL when it is not created. Stays until destroyed: boot, its
 * own vCPUs and component, or between guest_pin() and guest_unpin(). */
struct guest *guest_get(u32 id);
/** guest_pin() - keep guest @id from being destroyed, and from every other act, until
 * guest_unpin(). Returns ERR_NOT_FOUND when it is not created, ERR_BUSY when an act is under way.
 * Any context; takes the table's lock. */
enum err __must_check guest_pin(u32 id, struct guest **guest);
void guest_unpin(u32 id);
/** guest_view() - call @view with guest @id (NULL: not created) under the table's lock, which keeps
 * it. @view reads counters, and takes no lock but those of higher rank. */
void guest_view(u32 id, void (*view)(const struct guest *guest, void *data), void *data);
/** guest_keep_memory() - keep the memory that guests of @system have at a host-address for them:
 * other guests get none of it. @system must stay. Boot CPU, at boot. */
void guest_keep_memory(const struct system *system);
/** guest_create() - everything for @config, from its own budget, as number @id; a failure leaves
 * nothing behind. Returns ERR_RANGE, ERR_EXISTS, ERR_BUSY while it is being created or destroyed,
 * ERR_NO_MEMORY, or why a part of it cannot be had. Normal or orphan context, or boot; no locks. */
enum err __must_check guest_create(u32 id, const struct config_guest *config, struct guest **out);
/** guest_destroy() - stop number @id, wait until no vCPU of it runs, give back all that
 * guest_create() took. Returns ERR_NOT_FOUND, ERR_BUSY when an act is under way. Orphan context, no
 * locks; elsewhere only when it is stopped already. */
enum err __must_check guest_destroy(u32 id);

/* --- Its states ------------------------------------------------------------------------------- */

/** guest_start() - start the first vCPU, which loads images and tree. A guest that ran before is
 * reset, as by guest_reset(): once its devices are reset. So does the first run of a guest that
 * component_guest_resets() holds for. Returns ERR_STATE when it runs, ERR_BUSY while it ends.
 * Normal or orphan context, or boot. */
enum err __must_check guest_start(struct guest *guest);
/** guest_devices_reset() - the devices of @guest, which is being reset, are as at power-on and do
 * not write its RAM. Start its first vCPU, which loads the images. The caller is the one that
 * component_guest_reset() chose. */
void guest_devices_reset(struct guest *guest);
/** guest_load_images() - for arch_boot_write(): copy kernel, initrd and tree into the RAM of
 * @vcpu's guest, at their places in the description. A tree that is not supplied is generated, with
 * the nodes of @nodes. Its thread, before it is entered; no other vCPU of the guest is on. Between
 * pieces others may run. Returns ERR_BUSY if the vCPU has to stop; other errors are logged.
 */
enum err __must_check guest_load_images(struct vcpu *vcpu, const struct guest_nodes *nodes);
/** guest_stop() - power off (@crashed: because of a fault): every vCPU ends in RESET or HALTED.
 * Nothing happens when it is not running or paused. Any context; takes the guest's lock. */
void guest_stop(struct guest *guest, bool crashed);
/** guest_reset() - SYSTEM_RESET: stop all vCPUs, reload pristine images, reset controller, start
 * the first vCPU. Returns ERR_STATE when it is neither running nor paused, ERR_BUSY when it is
 * being reset already. Any context; takes the guest's lock. */
enum err guest_reset(struct guest *guest);
/** guest_pause(), guest_resume() - stop its vCPUs, and continue them without loss. ERR_STATE when
 * it is not running (not paused). Any context; takes the guest's lock. */
enum err __must_check guest_pause(struct guest *guest);
enum err __must_check guest_resume(struct guest *guest);
/** guest_end() - guest_stop() by request of the manager: the machine is not powered off for it.
 * @halt: as a fault would stop it, with every vCPU dumped. ERR_STATE when it is neither running nor
 * paused, ERR_BUSY while it is being reset. */
enum err __must_check guest_end(struct guest *guest, bool halt);
/** guest_watch() - trap the waits of the guest's vCPUs until @until (ns of the clock). Meanwhile
 * their run_ns leaves out the time that they sleep, also on a CPU without other threads. Any
 * context. */
void guest_watch(struct guest *guest, ns_t until);
/** guest_is_paused() - should its vCPUs pause? Any context. */
static inline bool guest_is_paused(const struct guest *guest)
{
	return atomic_load(&guest->state) == GUEST_PAUSED;
}

/** vcpu_is_paused() - should @vcpu pause, for itself or with its guest? Any context. */
static inline bool vcpu_is_paused(const struct vcpu *vcpu)
{
	return guest_is_paused(vcpu->guest) || atomic_load(&vcpu->held);
}

/** vcpu_pause(), vcpu_continue() - stop one vCPU, and continue it without loss. vcpu_halt() - stop
 * it with a dump, as a fault would; its guest continues. vcpu_reset() - start it again where it was
 * started last, with the registers of a reset; memory stays. One that was halted starts as well.
 * ERR_STATE if the guest neither runs nor is paused, if the vCPU is off, if it is paused already
 * (not paused). A reset of the guest ends the pause. Any context; take the guest's lock. */
enum err __must_check vcpu_pause(struct vcpu *vcpu);
enum err __must_check vcpu_continue(struct vcpu *vcpu);
enum err __must_check vcpu_halt(struct vcpu *vcpu);
enum err __must_check vcpu_reset(struct vcpu *vcpu);

/** region_find() - the region that holds @gpa, or NULL. O(log n). */
const struct region *region_find(const struct guest *guest, gpa_t gpa);

/** guest_copy_in(), guest_load() - copy from and to RAM or ROM of @guest through the copy window.
 * Written bytes are in force for CPUs with caches off and for instruction fetches. Returns
 * ERR_FAULT if any byte is outside such regions (nothing is copied then). */
enum err __must_check guest_copy_in(const struct guest *guest, void *to, gpa_t from, u64 bytes);
enum err __must_check guest_load(const struct guest *guest, gpa_t to, const void *from, u64 bytes);
/** guest_load_pieces() - guest_load() for arch_boot_write(): by pieces of at most 20,000
 * instructions, between which others may run. @vcpu's thread, before it is entered. Returns
 * ERR_BUSY if the vCPU has to stop. */
enum err __must_check guest_load_pieces(struct vcpu *vcpu, gpa_t to, const u8 *from, u64 bytes);

/** vcpu_start() - the vCPU begins in @start, which is copied; NULL: where arch_boot_write() says.
 * Returns ERR_EXISTS if it is on already, ERR_BUSY while it is being started, ERR_DENIED if its
 * guest does not run. Any CPU; takes the guest's lock. */
enum err __must_check vcpu_start(struct vcpu *vcpu, const struct vcpu_start *start);
/** vcpu_may_enter() - Returns true if @entry lies in RAM or ROM of the guest. The architecture
 * calls it for a start that a guest requests. Any context. */
bool vcpu_may_enter(const struct guest *guest, gpa_t entry);
/** vcpu_main() - what a vCPU's thread does: run it each time that it is started. @data: the vCPU.
 */
void vcpu_main(void *data);
/** vcpu_preempt_point() - in long work: as thread_preempt_point(). Returns false when it was asked
 * to stop. The vCPU's own thread; no locks. */
bool __must_check vcpu_preempt_point(const struct vcpu *vcpu);
/** vcpu_sweep() - before the vCPU continues, the data caches are cleaned and invalidated over all
 * RAM of its guest. A sweep that is under way begins again. The caller leaves the guest.
 * vcpu_sweep_piece()
 * - the next piece. Returns false when all was done before. The vCPU's own thread. */
void vcpu_sweep(struct vcpu *vcpu);
bool __must_check vcpu_sweep_piece(struct vcpu *vcpu);
/** vcpu_wait() - PAUSED(WFI) until a virtual interrupt or a request is there. The vCPU's own
 * thread. */
void vcpu_wait(struct vcpu *vcpu);
/** guest_vcpu_stopped() - the owner has stored the vCPU away; the last one ends or restarts its
 * guest. */
void guest_vcpu_stopped(struct vcpu *vcpu);
/** vcpu_request() - set request bits, and wake or kick the vCPU. Any CPU, any context. */
void vcpu_request(struct vcpu *vcpu, u64 bits);
/** vcpu_kick() - its virtual interrupts changed: end its wait, or let it check them. Any CPU, any
 * context. A vCPU that runs on this CPU checks them before its next entry. */
void vcpu_kick(struct vcpu *vcpu);
/** exit_handle() - serve one neutral exit. The vCPU's own thread, no locks held. */
void exit_handle(struct vcpu *vcpu, struct vcpu_exit *exit);

#endif
