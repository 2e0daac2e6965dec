/* One main loop, without a thread for it: whoever asks computes at once when its turn begins and ends, and
 * then waits for the end. The turns follow each other in the order in which the callers took the lock, and
 * each is a call of the firmware at the time at which it begins. Nobody sleeps under the lock, so a caller
 * that wakes late makes nobody else late.
 */
#include "device/model_device.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/timeout.h"

#define SERVICE_MAX_NS (3600 * MILL_NS_PER_S)
#define TURN_NS        MILL_NS_PER_MS /* of the main loop: MILL_QUIRK_LOOP_DELAY */

struct mill_model_device {
    struct mill_model_plan plan; /* constant */
    uint64_t made_ns;            /* constant: when the device's clock was 0 */
    pthread_mutex_t lock;        /* protects what follows */
    struct mill_firmware *firmware;
    uint64_t free_ns; /* by the device's clock: no turn begins earlier */
};

int mill_model_create(const struct mill_model_plan *plan, struct mill_model_device **model)
{
    if (!plan || !model || plan->service_ns > SERVICE_MAX_NS) {
        return -EINVAL;
    }
    struct mill_model_device *made = malloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    *made = (struct mill_model_device){.plan = *plan, .made_ns = mill_now_ns()};
    struct mill_firmware_plan firmware = {.quirks = plan->quirks, .seed = plan->seed};
    int status = mill_firmware_create(&firmware, &made->firmware);
    if (status == 0) {
        status = -pthread_mutex_init(&made->lock, NULL);
        if (status < 0) {
            mill_firmware_destroy(made->firmware);
        }
    }
    if (status < 0) {
        free(made);
        return status;
    }
    *model = made;
    return 0;
}

void mill_model_destroy(struct mill_model_device *model)
{
    if (model) {
        pthread_mutex_destroy(&model->lock);
        mill_firmware_destroy(model->firmware);
        free(model);
    }
}

/* When the turn of a request begins that came now. Under the lock. */
static uint64_t turn_begins(const struct mill_model_device *model)
{
    uint64_t now = model->plan.virtual_time ? 0 : mill_now_ns() - model->made_ns;
    uint64_t begin = now > model->free_ns ? now : model->free_ns;
    if (model->plan.quirks & MILL_QUIRK_LOOP_DELAY) {
        begin = (begin + TURN_NS - 1) / TURN_NS * TURN_NS;
    }
    return begin;
}

static int wait_until(uint64_t done_ns, uint64_t deadline)
{
    mill_sleep_until(done_ns < deadline ? done_ns : deadline);
    return done_ns <= deadline ? 0 : -ETIMEDOUT;
}

int mill_model_request(struct mill_model_device *model, const struct mill_transport_request *request,
                       uint64_t deadline, struct mill_firmware_reply *reply)
{
    pthread_mutex_lock(&model->lock);
    uint64_t begin = turn_begins(model);
    mill_firmware_request(model->firmware, begin / MILL_NS_PER_US, request->method, request->path,
                          request->body, request->length, reply);
    uint64_t took = model->plan.service_ns + reply->before_us * MILL_NS_PER_US;
    uint64_t after = reply->after_us * MILL_NS_PER_US;
    if (model->plan.virtual_time && took == 0) {
        took = MILL_NS_PER_US;
    }
    model->free_ns = begin + took + after;
    pthread_mutex_unlock(&model->lock);
    if (!model->plan.virtual_time) {
        return wait_until(model->made_ns + begin + took, deadline);
    }
    return mill_now_ns() + took <= deadline ? 0 : -ETIMEDOUT;
}

uint64_t mill_model_clock(struct mill_model_device *model)
{
    pthread_mutex_lock(&model->lock);
    uint64_t clock = model->free_ns;
    pthread_mutex_unlock(&model->lock);
    return clock;
}

void mill_model_config(struct mill_model_device *model, struct mill_valve_config *live)
{
    pthread_mutex_lock(&model->lock);
    mill_firmware_config(model->firmware, live);
    pthread_mutex_unlock(&model->lock);
}

uint64_t mill_model_applied(struct mill_model_device *model)
{
    pthread_mutex_lock(&model->lock);
    uint64_t applied = mill_firmware_applied(model->firmware);
    pthread_mutex_unlock(&model->lock);
    return applied;
}
