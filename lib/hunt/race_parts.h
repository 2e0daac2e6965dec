/* What the two halves of race.h share: race.c (accesses) and race_order.c (what orders them). */
#ifndef MILL_HUNT_RACE_PARTS_H
#define MILL_HUNT_RACE_PARTS_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "hunt/places.h"
#include "hunt/shadow.h"
#include "hunt/step.h"
#include "hunt/vector_clock.h"

/* Rooms, in address space; memory is taken as they fill. */
#define MILL_RACE_RECORDS ((uint32_t)1 << 27)
#define MILL_RACE_OBJECTS ((uint32_t)1 << 24)
#define MILL_RACE_HEADS   ((uint32_t)1 << 22)

struct mill_race_thread {
    alignas(32) struct mill_clock clock; /* what happens before its next step */
    struct mill_clock released;          /* its clock at its last release fence */
    struct mill_clock loaded; /* what its relaxed loads have seen: an acquire fence makes it count */
    uint32_t epoch;           /* its own component of `clock`; grows with each release */
};

/* Accesses by one thread to bytes of one cell. */
struct mill_race_record {
    uint32_t next; /* older, in the same cell; 0: none */
    uint32_t epoch;
    uint32_t when;
    uint16_t who; /* thread, kind, raced: race.c */
    uint8_t mask; /* of the bytes for which it still counts */
    uint8_t span; /* of the bytes accessed: the first of them, and how many */
    const void *pc;
};

/* A release sequence that a thread has headed, beside others' (race_order.c). */
struct mill_race_head {
    uint32_t next;
    uint16_t thread;
    struct mill_clock clock;
};

/* What release and acquire meet at. */
struct mill_race_object {
    uintptr_t address;
    struct mill_clock clock; /* what an acquire takes */
    uint32_t next;           /* in the same cell; 0: none */
    uint32_t heads;          /* of release sequences; 0: none, or one, of `head` */
    uint16_t head;           /* the thread that heads the only one */
    bool atomic;             /* it is memory, and ends with a plain write */
};

struct mill_race_state {
    struct mill_shadow shadow;
    struct mill_clocks clocks;
    struct mill_race_record *records;
    struct mill_race_object *objects;
    struct mill_race_head *heads;
    uint32_t record_count, object_count, head_count; /* ever taken in this schedule */
    uint32_t record_free, object_free, head_free;    /* given back, linked by `next`; 0: none */
    bool full;                                       /* one of the three has had no room */
    unsigned threads;
    struct mill_race_thread thread[MILL_HUNT_THREADS];
    struct mill_places told;
};

extern struct mill_race_state mill_race_state;

/* The thread is the first, or has just been spawned, after what this clock says. */
void mill_race_thread_begin(unsigned thread, const struct mill_clock *before);

/* The objects at the bytes in `mask` are no more. */
void mill_race_objects_forget(struct mill_cell *cell, unsigned mask);

/* Their bytes were written plainly: those that are atomic keep nothing that an acquire could take. */
void mill_race_objects_overwritten(struct mill_cell *cell, unsigned mask);

#endif
