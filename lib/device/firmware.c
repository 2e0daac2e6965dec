/* The control loop and its time; what an observer inside the device sees. */
#include "device/firmware.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "device/firmware_inside.h"
#include "device/hand.h"

double mill_firmware_noise(const struct mill_firmware *firmware, uint64_t kind, uint64_t slot)
{
    uint64_t state = firmware->seed;
    state = mill_random_split(&state) ^ kind;
    state = mill_random_split(&state) ^ slot;
    return (double)(mill_random_split(&state) >> 11) * 0x1p-53;
}

/* As it is after boot, but for the time and for what survives. */
static void boot(struct mill_firmware *firmware)
{
    mill_valve_load(&mill_valve_presets[0], &firmware->live);
    firmware->valve = (struct mill_valve){.turns = 0};
    firmware->state = MILL_VALVE_IDLE;
    firmware->axis_state = MILL_AXIS_IDLE;
    firmware->stream = (struct mill_stream_status){.default_interval_ms = MILL_WIRE_INTERVAL_MS};
}

int mill_firmware_create(const struct mill_firmware_plan *plan, struct mill_firmware **firmware)
{
    if (plan == NULL || firmware == NULL || (plan->quirks & ~(unsigned)MILL_QUIRKS_FIRMWARE) != 0 ||
        plan->min_interval_ms > MILL_WIRE_INTERVAL_MAX_MS) {
        return -EINVAL;
    }
    struct mill_firmware *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return -ENOMEM;
    }
    made->quirks = plan->quirks;
    made->hand = plan->hand;
    made->seed = plan->seed;
    made->min_interval_ms = plan->min_interval_ms != 0 ? plan->min_interval_ms : MILL_WIRE_INTERVAL_MIN_MS;
    memcpy(made->presets, mill_valve_presets, sizeof made->presets);
    boot(made);
    *firmware = made;
    return 0;
}

void mill_firmware_destroy(struct mill_firmware *firmware)
{
    free(firmware);
}

uint64_t mill_firmware_uptime_ms(const struct mill_firmware *firmware)
{
    return (firmware->now_us - firmware->boot_us) / 1000;
}

const struct mill_valve_config *mill_firmware_base(const struct mill_firmware *firmware)
{
    bool both = firmware->pending && (firmware->quirks & MILL_QUIRK_STAGED) == 0;
    return both ? &firmware->staged : &firmware->live;
}

void mill_firmware_apply_staged(struct mill_firmware *firmware)
{
    if (firmware->pending) {
        firmware->live = firmware->staged;
        firmware->applied += firmware->staged_posts;
        firmware->staged_posts = 0;
        firmware->pending = false;
    }
}

int mill_firmware_stage(struct mill_firmware *firmware, const struct mill_valve_config *config,
                        unsigned posts)
{
    int status = mill_valve_check(config, NULL);
    if (status < 0) {
        return status;
    }
    /* What was staged before is replaced, and with MILL_QUIRK_STAGED lost, since it is no part of `config`.
     */
    if ((firmware->quirks & MILL_QUIRK_STAGED) != 0) {
        firmware->staged_posts = 0;
    }
    firmware->staged = *config;
    firmware->staged_posts += posts;
    firmware->pending = true;
    if (firmware->state != MILL_VALVE_RUNNING) {
        mill_firmware_apply_staged(firmware);
    }
    return 0;
}

static bool same(const struct mill_valve *a, const struct mill_valve *b)
{
    return a->turns == b->turns && a->zero == b->zero && a->omega == b->omega && a->torque == b->torque &&
           a->tank == b->tank;
}

/* One tick of the control loop. Tells whether the next one may change anything but its count. */
static bool tick(struct mill_firmware *firmware)
{
    const struct mill_valve before = firmware->valve;
    mill_firmware_apply_staged(firmware);
    firmware->ticks++;
    firmware->run++;
    firmware->loops++;
    if (firmware->hand != NULL) {
        mill_valve_turned(&firmware->valve, &firmware->live,
                          mill_hand_degrees(firmware->hand, firmware->run * MILL_VALVE_TICK_US));
        return true;
    }
    mill_valve_free(&firmware->valve, &firmware->live);
    return !same(&before, &firmware->valve);
}

void mill_firmware_run_when_ready(struct mill_firmware *firmware)
{
    if (firmware->state == MILL_VALVE_INIT && firmware->now_us >= firmware->ready_us) {
        firmware->ticks = (firmware->ready_us - firmware->boot_us) / MILL_VALVE_TICK_US;
        mill_valve_start(&firmware->valve);
        firmware->state = MILL_VALVE_RUNNING;
        firmware->run = 0;
    }
}

/* A valve that is not RUNNING has no ticks, and one that has come to rest has none that matter: both are
 * passed over, however many they are. */
static void tick_until(struct mill_firmware *firmware, uint64_t target)
{
    while (firmware->state == MILL_VALVE_RUNNING && firmware->ticks < target) {
        if (!tick(firmware)) {
            firmware->run += target - firmware->ticks;
            firmware->loops += target - firmware->ticks;
            firmware->ticks = target;
        }
    }
    firmware->ticks = target;
}

void mill_firmware_advance(struct mill_firmware *firmware, uint64_t now_us)
{
    if (!firmware->booted) {
        firmware->booted = true;
        firmware->boot_us = now_us;
        firmware->now_us = now_us;
    }
    if (now_us > firmware->now_us) {
        firmware->now_us = now_us;
        mill_firmware_run_when_ready(firmware);
        tick_until(firmware, (now_us - firmware->boot_us) / MILL_VALVE_TICK_US);
    }
}

void mill_firmware_power_cycle(struct mill_firmware *firmware, uint64_t now_us)
{
    mill_firmware_advance(firmware, now_us);
    struct mill_firmware fresh = {
        .quirks = firmware->quirks,
        .hand = firmware->hand,
        .seed = firmware->seed,
        .min_interval_ms = firmware->min_interval_ms,
        .booted = true,
        .boot_us = firmware->now_us,
        .now_us = firmware->now_us,
        .starts = firmware->starts,
        .applied = firmware->applied,
    };
    memcpy(fresh.presets, firmware->presets, sizeof fresh.presets);
    boot(&fresh);
    *firmware = fresh;
}

void mill_firmware_config(const struct mill_firmware *firmware, struct mill_valve_config *live)
{
    *live = firmware->live;
}

uint64_t mill_firmware_applied(const struct mill_firmware *firmware)
{
    return firmware->applied;
}
