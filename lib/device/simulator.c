#include "device/simulator.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/timeout.h"
#include "device/simulator_parts.h"
#include "task/thread.h"

enum { events_max = 64 };

int mill_simulator_watch(struct mill_simulator *simulator, int fd, uint32_t events,
                         struct mill_fd_watch *watch)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    return epoll_ctl(simulator->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* ---- the main loop ---- */

/* Until the deadline, or until somebody wants the main loop. */
static void wait_for_wake(struct mill_simulator *simulator, uint64_t deadline_ns)
{
    struct pollfd wake = {.fd = simulator->wake, .events = POLLIN};
    uint64_t now = mill_now_ns();
    while (now < deadline_ns) {
        const struct timespec left = mill_deadline_timespec(deadline_ns - now);
        if (ppoll(&wake, 1, &left, NULL) > 0) {
            return;
        }
        now = mill_now_ns();
    }
}

void mill_simulator_hold_up(struct mill_simulator *simulator, uint64_t ns)
{
    if (ns == 0) {
        return;
    }
    simulator->held_up = true;
    pthread_mutex_unlock(&simulator->lock);
    wait_for_wake(simulator, mill_now_ns() + ns);
    pthread_mutex_lock(&simulator->lock);
}

static void clear(int fd)
{
    uint64_t count;
    (void)!read(fd, &count, sizeof count);
}

static void woken(struct mill_simulator *simulator, struct mill_fd_watch *watch, uint32_t events)
{
    (void)watch;
    (void)events;
    clear(simulator->wake);
}

static void timer_expired(struct mill_simulator *simulator, struct mill_fd_watch *watch, uint32_t events)
{
    (void)watch;
    (void)events;
    clear(simulator->timer);
}

/* Sets the timer for what is due next; true when something already is. */
static bool arm_timer(struct mill_simulator *simulator)
{
    uint64_t http = mill_http_next_ns(simulator);
    uint64_t stream = mill_stream_next_ns(simulator);
    uint64_t next = http < stream ? http : stream;
    if (simulator->http.pending || next <= mill_now_ns()) {
        return true;
    }
    if (next != simulator->armed_ns) {
        struct itimerspec at = {.it_value = {0}}; /* disarmed */
        if (next != MILL_SIMULATOR_NEVER) {
            at.it_value = mill_deadline_timespec(next);
        }
        (void)timerfd_settime(simulator->timer, TFD_TIMER_ABSTIME, &at, NULL);
        simulator->armed_ns = next;
    }
    return false;
}

/* The number of events. With MILL_QUIRK_LOOP_DELAY it returns at a whole millisecond: at once for what was
 * due then (deadlines lie on them), else at the next. */
static int wait_for_events(struct mill_simulator *simulator, struct epoll_event *events, bool due)
{
    if (!mill_simulator_has(simulator, MILL_QUIRK_LOOP_DELAY)) {
        return epoll_wait(simulator->epoll, events, events_max, due ? 0 : -1);
    }
    struct pollfd any = {.fd = simulator->epoll, .events = POLLIN};
    if (!due) {
        (void)poll(&any, 1, -1);
    }
    uint64_t now = mill_now_ns();
    if (due || now < simulator->armed_ns) {
        const struct timespec tick = mill_deadline_timespec(mill_simulator_tick(simulator, now + 1));
        (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &tick, NULL);
    }
    return epoll_wait(simulator->epoll, events, events_max, 0);
}

/* Off, and on again. */
static void cycle_power(struct mill_simulator *simulator)
{
    uint64_t asked = simulator->cycles_asked;
    uint64_t until = mill_now_ns() + simulator->off_ns;
    (void)mill_listener_listen(simulator, &simulator->http.listener, false);
    (void)mill_listener_listen(simulator, &simulator->stream.listener, false);
    mill_http_abort_all(simulator);
    mill_stream_close_all(simulator, true);
    while (!simulator->stopping && mill_now_ns() < until) {
        clear(simulator->wake);
        pthread_mutex_unlock(&simulator->lock);
        wait_for_wake(simulator, until);
        pthread_mutex_lock(&simulator->lock);
    }
    simulator->after_ns = 0;
    mill_firmware_power_cycle(simulator->firmware, mill_simulator_us(simulator, mill_now_ns()));
    (void)mill_listener_listen(simulator, &simulator->http.listener, true); /* or at a later turn */
    simulator->cycles_done = asked;
    pthread_cond_broadcast(&simulator->cycled);
}

static void turn(struct mill_simulator *simulator, const struct epoll_event *events, int count)
{
    mill_stream_run(simulator, mill_now_ns());
    for (int i = 0; i < count; i++) {
        struct mill_fd_watch *watch = events[i].data.ptr;
        watch->ready(simulator, watch, events[i].events);
    }
    mill_http_run(simulator, mill_now_ns());
    (void)mill_listener_listen(simulator, &simulator->http.listener, true);
    mill_stream_follow(simulator);
    if (simulator->after_ns > 0) {
        uint64_t after_ns = simulator->after_ns;
        simulator->after_ns = 0;
        mill_simulator_hold_up(simulator, after_ns);
    }
    /* one that was asked for while the power was off follows: its wake was taken meanwhile */
    while (simulator->cycles_done != simulator->cycles_asked && !simulator->stopping) {
        cycle_power(simulator);
    }
}

static void main_loop(void *argument)
{
    struct mill_simulator *simulator = argument;
    struct epoll_event events[events_max];
    (void)prctl(PR_SET_TIMERSLACK, 1ul); /* a service time of 100 us is to be no 150 */
    pthread_mutex_lock(&simulator->lock);
    while (!simulator->stopping) {
        bool due = arm_timer(simulator);
        pthread_mutex_unlock(&simulator->lock);
        int count = wait_for_events(simulator, events, due);
        pthread_mutex_lock(&simulator->lock);
        turn(simulator, events, count);
    }
    pthread_cond_broadcast(&simulator->cycled);
    pthread_mutex_unlock(&simulator->lock);
}

/* ---- start and stop ---- */

static void release(struct mill_simulator *simulator)
{
    mill_http_destroy(simulator);
    if (simulator->stream.clients != NULL) {
        mill_stream_destroy(simulator);
    }
    mill_listener_close(&simulator->http.listener);
    mill_listener_close(&simulator->stream.listener);
    const int descriptors[] = {simulator->epoll, simulator->wake, simulator->timer};
    for (size_t i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++) {
        if (descriptors[i] >= 0) {
            close(descriptors[i]);
        }
    }
    mill_firmware_destroy(simulator->firmware);
    pthread_cond_destroy(&simulator->cycled);
    pthread_mutex_destroy(&simulator->lock);
    free(simulator);
}

/* The key goes into a header and into the live page: printable, and nothing that HTML reads otherwise. */
static bool key_fits(const char *key)
{
    size_t length = strlen(key);
    for (size_t i = 0; i < length; i++) {
        if (key[i] <= ' ' || key[i] > '~' || strchr("\"'<>&\\", key[i]) != NULL) {
            return false;
        }
    }
    return length > 0 && length < sizeof((struct mill_simulator *)NULL)->key;
}

static int check(const struct mill_simulator_plan *plan, struct mill_error *error)
{
    if (plan->http_port > UINT16_MAX || plan->stream_port > UINT16_MAX) {
        return mill_error_set(error, -EINVAL, "simulator: %u is no port; ports go up to 65535",
                              plan->http_port > UINT16_MAX ? plan->http_port : plan->stream_port);
    }
    if (plan->key != NULL && !key_fits(plan->key)) {
        return mill_error_set(error, -EINVAL,
                              "simulator: '%.140s' is no key: 1 to 127 printable characters without blanks, "
                              "quotes, <, >, & and backslash",
                              plan->key);
    }
    return 0;
}

static int open_descriptors(struct mill_simulator *simulator, struct mill_error *error)
{
    simulator->epoll = epoll_create1(EPOLL_CLOEXEC);
    simulator->wake = simulator->epoll < 0 ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    simulator->timer = simulator->wake < 0 ? -1 : timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    int status = simulator->timer < 0 ? -errno : 0;
    if (status == 0) {
        status = mill_simulator_watch(simulator, simulator->wake, EPOLLIN, &simulator->wake_watch);
    }
    if (status == 0) {
        status = mill_simulator_watch(simulator, simulator->timer, EPOLLIN, &simulator->timer_watch);
    }
    return status < 0 ? mill_error_set(error, status, "simulator: no descriptors: %s", strerror(-status)) : 0;
}

static int open_ports(struct mill_simulator *simulator, const struct mill_simulator_plan *plan,
                      struct mill_error *error)
{
    const char *address = plan->address != NULL ? plan->address : "127.0.0.1";
    int status = mill_listener_open(&simulator->http.listener, "HTTP", address, plan->http_port, error);
    if (status == 0) {
        status = mill_listener_open(&simulator->stream.listener, "stream", address, plan->stream_port, error);
    }
    if (status == 0) {
        status = mill_listener_listen(simulator, &simulator->http.listener, true);
        if (status < 0) {
            mill_error_set(error, status, "simulator: HTTP port %u: %s", plan->http_port, strerror(-status));
        }
    }
    return status;
}

static struct mill_simulator *allocate(const struct mill_simulator_plan *plan)
{
    struct mill_simulator *simulator = calloc(1, sizeof *simulator);
    if (simulator == NULL) {
        return NULL;
    }
    simulator->quirks = plan->quirks;
    simulator->service_ns = plan->service_ns;
    simulator->origin_ns = mill_now_ns();
    memcpy(simulator->key, plan->key != NULL ? plan->key : MILL_WIRE_KEY,
           strlen(plan->key != NULL ? plan->key : MILL_WIRE_KEY) + 1);
    simulator->wake_watch.ready = woken;
    simulator->timer_watch.ready = timer_expired;
    simulator->epoll = simulator->wake = simulator->timer = -1;
    simulator->http.listener.fd = simulator->http.listener.holder = -1;
    simulator->stream.listener.fd = simulator->stream.listener.holder = -1;
    simulator->faults = plan->faults;
    simulator->armed_ns = MILL_SIMULATOR_NEVER;
    mill_fault_dice_seed(&simulator->dice, plan->seed);
    pthread_mutex_init(&simulator->lock, NULL);
    pthread_cond_init(&simulator->cycled, NULL);
    return simulator;
}

int mill_simulator_start(const struct mill_simulator_plan *plan, struct mill_simulator **simulator,
                         struct mill_error *error)
{
    if (plan == NULL || simulator == NULL) {
        return mill_error_set(error, -EINVAL, "simulator: no plan");
    }
    int status = check(plan, error);
    if (status < 0) {
        return status;
    }
    struct mill_simulator *made = allocate(plan);
    if (made == NULL) {
        return mill_error_set(error, -ENOMEM, "simulator: no memory");
    }
    status = mill_firmware_create(&(struct mill_firmware_plan){.quirks = plan->quirks,
                                                               .hand = plan->hand,
                                                               .seed = plan->seed,
                                                               .min_interval_ms = plan->min_interval_ms},
                                  &made->firmware);
    if (status < 0) {
        mill_error_set(error, status, "simulator: %s",
                       status == -EINVAL ? "unknown quirks, or a shortest interval over that of the wire"
                                         : "no memory for the firmware");
        goto out;
    }
    if ((status = open_descriptors(made, error)) < 0 || (status = mill_http_create(made, error)) < 0) {
        goto out;
    }
    if ((status = mill_stream_create(made)) < 0) {
        mill_error_set(error, status, "simulator: no memory");
        goto out;
    }
    if ((status = open_ports(made, plan, error)) < 0) {
        goto out;
    }
    status = mill_thread_start(&made->thread, "simulator", main_loop, made);
    if (status < 0) {
        mill_error_set(error, status, "simulator: no thread: %s", strerror(-status));
    }
out:
    if (status < 0) {
        release(made);
    } else {
        *simulator = made;
    }
    return status;
}

static void wake(struct mill_simulator *simulator)
{
    const uint64_t one = 1;
    (void)!write(simulator->wake, &one, sizeof one);
}

void mill_simulator_stop(struct mill_simulator *simulator)
{
    if (simulator == NULL) {
        return;
    }
    pthread_mutex_lock(&simulator->lock);
    simulator->stopping = true;
    wake(simulator);
    pthread_mutex_unlock(&simulator->lock);
    (void)mill_thread_join(&simulator->thread, MILL_FOREVER);
    release(simulator);
}

/* ---- from any thread ---- */

unsigned mill_simulator_http_port(const struct mill_simulator *simulator)
{
    return mill_listener_port(&simulator->http.listener);
}

unsigned mill_simulator_stream_port(const struct mill_simulator *simulator)
{
    return mill_listener_port(&simulator->stream.listener);
}

void mill_simulator_set_faults(struct mill_simulator *simulator, const struct mill_faults *faults)
{
    pthread_mutex_lock(&simulator->lock);
    simulator->faults = *faults;
    mill_fault_dice_calm(&simulator->dice);
    pthread_mutex_unlock(&simulator->lock);
}

void mill_simulator_power_cycle(struct mill_simulator *simulator, uint64_t off_ns)
{
    pthread_mutex_lock(&simulator->lock);
    uint64_t ticket = ++simulator->cycles_asked;
    simulator->off_ns = off_ns;
    wake(simulator);
    while (simulator->cycles_done < ticket && !simulator->stopping) {
        pthread_cond_wait(&simulator->cycled, &simulator->lock);
    }
    pthread_mutex_unlock(&simulator->lock);
}

void mill_simulator_counts(struct mill_simulator *simulator, struct mill_simulator_counts *counts)
{
    pthread_mutex_lock(&simulator->lock);
    *counts = simulator->counts;
    pthread_mutex_unlock(&simulator->lock);
}

void mill_simulator_config(struct mill_simulator *simulator, struct mill_valve_config *live)
{
    pthread_mutex_lock(&simulator->lock);
    mill_firmware_advance(simulator->firmware, mill_simulator_us(simulator, mill_now_ns()));
    mill_firmware_config(simulator->firmware, live);
    pthread_mutex_unlock(&simulator->lock);
}

uint64_t mill_simulator_applied(struct mill_simulator *simulator)
{
    pthread_mutex_lock(&simulator->lock);
    mill_firmware_advance(simulator->firmware, mill_simulator_us(simulator, mill_now_ns()));
    uint64_t applied = mill_firmware_applied(simulator->firmware);
    pthread_mutex_unlock(&simulator->lock);
    return applied;
}
