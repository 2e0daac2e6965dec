/* threadmill device serve: the simulated valve, until it is interrupted. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "command_device.h"
#include "command_line.h"
#include "commands.h"
#include "device/hand.h"
#include "device/simulator.h"
#include "options.h"

struct request {
    struct mill_simulator_plan plan;
    const char *hand;
    bool seeded;
};

/* ---- one function an option ---- */

static int take_port(const char *option, const char *value, unsigned *port, struct mill_error *error)
{
    int64_t number;
    int status = mill_option_number(option, value, 0, 65535, &number, error);
    if (status == 0) {
        *port = (unsigned)number;
    }
    return status;
}

static int take_http(void *target, const char *value, struct mill_error *error)
{
    return take_port("http", value, &((struct request *)target)->plan.http_port, error);
}

static int take_stream(void *target, const char *value, struct mill_error *error)
{
    return take_port("stream", value, &((struct request *)target)->plan.stream_port, error);
}

static int take_address(void *target, const char *value, struct mill_error *error)
{
    (void)error;
    ((struct request *)target)->plan.address = value;
    return 0;
}

static int take_quirks(void *target, const char *value, struct mill_error *error)
{
    return mill_quirks_parse(value, &((struct request *)target)->plan.quirks, error);
}

static int take_faults(void *target, const char *value, struct mill_error *error)
{
    return mill_faults_parse(value, &((struct request *)target)->plan.faults, error);
}

static int take_hand(void *target, const char *value, struct mill_error *error)
{
    (void)error;
    ((struct request *)target)->hand = value;
    return 0;
}

static int take_seed(void *target, const char *value, struct mill_error *error)
{
    struct request *request = target;
    int64_t seed;
    int status = mill_option_number("seed", value, 0, INT64_MAX, &seed, error);
    request->plan.seed = (uint64_t)seed;
    request->seeded = status == 0;
    return status;
}

static int take_min_interval(void *target, const char *value, struct mill_error *error)
{
    int64_t ms;
    int status = mill_option_number("min-interval-ms", value, 1, MILL_WIRE_INTERVAL_MAX_MS, &ms, error);
    ((struct request *)target)->plan.min_interval_ms = (unsigned)ms;
    return status;
}

static int take_service(void *target, const char *value, struct mill_error *error)
{
    return mill_option_duration("service", value, 0, 60 * UINT64_C(1000000000),
                                &((struct request *)target)->plan.service_ns, error);
}

static int take_key(void *target, const char *value, struct mill_error *error)
{
    (void)error;
    ((struct request *)target)->plan.key = value;
    return 0;
}

static const struct mill_option options[] = {
    {"http", 0, "PORT", "of HTTP (8080); 0: any that is free", take_http, false},
    {"stream", 0, "PORT", "of the stream (8888); 0: any that is free", take_stream, false},
    {"address", 0, "A",
     "where it listens (127.0.0.1); others than this machine reach it\nonly when this says so", take_address,
     false},
    {"quirks", 0, "LIST",
     "firmware (all, as the device), none, or some of close, clients, sign,\n"
     "send-buffer, blocking, staged, loop-delay, seq",
     take_quirks, false},
    {"faults", 0, "LIST",
     "what goes wrong: latency=fixed:TIME|normal:MEAN:DEVIATION|tail:MEDIAN:ALPHA,\n"
     "drop=P, reset=P, half=P, garbage=P, stall=P:TIME, 5xx=P:N, power=P:TIME for\n"
     "replies; slow-loris=N: so many of the 8 connections are kept by others;\n"
     "gap=P, twice=P for samples of the stream; P from 0 to 1",
     take_faults, false},
    {"hand", 0, "MOTION", "what turns the valve: sine:DEGREES:PERIOD, steps:DEGREES:PERIOD or file:PATH",
     take_hand, false},
    {"seed", 0, "N", "of faults and of the sensors' noise (drawn, and printed)", take_seed, false},
    {"min-interval-ms", 0, "N", "the stream's shortest interval (10; a newer board has 1)", take_min_interval,
     false},
    {"service", 0, "TIME", "the device is busy for so long with each request (0)", take_service, false},
    {"key", 0, "K", "of the header X-API-Key (" MILL_WIRE_KEY ")", take_key, false},
};

static const struct mill_usage usage = {
    "device serve",
    "",
    "Serves a simulated valve until it is interrupted: HTTP under /api/v1, a stream of JSON lines\n"
    "after POST stream, and a live page at /. It speaks as the firmware does, with its limits.\n\n"
    "While it runs, with the valve's key:\n"
    "  POST /simulator/faults        the body is a list as for --faults; an empty one ends them\n"
    "  POST /simulator/power-cycle   the body is how long the power is off (1s)\n"
    "  GET /simulator/applied        how many configs took effect",
    options,
    sizeof options / sizeof options[0],
    "  threadmill device serve\n"
    "  threadmill device serve --http 0 --stream 0 --quirks none --service 3ms\n"
    "  threadmill device serve --hand sine:45:2s --faults latency=normal:3ms:1ms,drop=0.01\n"
    "  curl -H 'X-API-Key: " MILL_WIRE_KEY "' http://127.0.0.1:8080/api/v1/status\n"
    "  curl -H 'X-API-Key: " MILL_WIRE_KEY "' -d 5xx=0.1:3 http://127.0.0.1:8080/simulator/faults\n",
};

/* ---- the command ---- */

static void print_counts(struct mill_simulator *simulator)
{
    struct mill_simulator_counts counts;
    mill_simulator_counts(simulator, &counts);
    printf("%" PRIu64 " requests, %" PRIu64 " connections refused, %" PRIu64 " faults, %" PRIu64
           " lines streamed, %" PRIu64 " lost\n",
           counts.requests, counts.refused, counts.faults, counts.stream_lines, counts.stream_lost);
}

static int serve(struct request *request, const sigset_t *ends, struct mill_error *error)
{
    struct mill_simulator *simulator;
    int status = mill_simulator_start(&request->plan, &simulator, error);
    if (status < 0) {
        return mill_complain(status == -EINVAL ? MILL_EXIT_USAGE : MILL_EXIT_MACHINE, "%s", error->message);
    }
    const char *address = request->plan.address ? request->plan.address : "127.0.0.1";
    bool bracketed = strchr(address, ':') != NULL;
    const char *open = bracketed ? "[" : "", *close = bracketed ? "]" : "";
    printf("valve: http://%s%s%s:%u/\nstream: %s%s%s:%u, once POST stream has started it\nseed: %" PRIu64
           "\n",
           open, address, close, mill_simulator_http_port(simulator), open, address, close,
           mill_simulator_stream_port(simulator), request->plan.seed);
    fflush(stdout);
    int signal_number;
    while (sigwait(ends, &signal_number) != 0) {
    }
    print_counts(simulator);
    mill_simulator_stop(simulator);
    return MILL_EXIT_EXPECTED;
}

int mill_device_serve(int argc, char **argv)
{
    struct request request = {
        .plan = {.http_port = MILL_WIRE_HTTP_PORT,
                 .stream_port = MILL_WIRE_STREAM_PORT,
                 .quirks = MILL_QUIRKS_FIRMWARE},
    };
    struct mill_error error;
    struct mill_hand *hand = NULL;
    int status = mill_options_parse(&usage, argc, argv, &request, NULL, &error);
    if (status != 0) {
        return status > 0 ? MILL_EXIT_EXPECTED : mill_complain(MILL_EXIT_USAGE, "%s", error.message);
    }
    if (request.plan.http_port != 0 && request.plan.http_port == request.plan.stream_port) {
        return mill_complain(MILL_EXIT_USAGE,
                             "--http and --stream are both %u; they need two ports, or 0: any that is free",
                             request.plan.http_port);
    }
    if (request.hand && (status = mill_hand_create(request.hand, &hand, &error)) < 0) {
        return mill_complain(status == -ENOMEM ? MILL_EXIT_MACHINE : MILL_EXIT_USAGE, "--hand: %s",
                             error.message);
    }
    mill_seed_draw(&request.plan.seed, request.seeded);
    request.plan.hand = hand;
    /* blocked before the simulator's thread begins, so that they are this thread's to wait for */
    sigset_t ends, before;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, &before);
    int code = serve(&request, &ends, &error);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    mill_hand_destroy(hand);
    return code;
}
