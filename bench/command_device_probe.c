/* threadmill device probe: what a valve says of itself. It asks and orders nothing. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command_device.h"
#include "commands.h"
#include "device/client.h"
#include "options.h"

struct request {
    const char *word;
    const char *key;
    uint64_t timeout_ns;
};

static int take_target(void *target, const char *word, struct mill_error *error)
{
    struct request *request = target;
    if (request->word) {
        return mill_error_set(error, -EINVAL, "'threadmill device probe' asks one valve at a time");
    }
    request->word = word;
    return 0;
}

static int take_key(void *target, const char *value, struct mill_error *error)
{
    (void)error;
    ((struct request *)target)->key = value;
    return 0;
}

static int take_timeout(void *target, const char *value, struct mill_error *error)
{
    return mill_option_duration("timeout", value, 1000000, 3600 * UINT64_C(1000000000),
                                &((struct request *)target)->timeout_ns, error);
}

static const struct mill_option options[] = {
    {"key", 0, "K", "of the header X-API-Key (" MILL_WIRE_KEY ")", take_key},
    {"timeout", 0, "TIME", "of each request (5s)", take_timeout},
};

static const struct mill_usage usage = {
    "device probe",
    "http://HOST:PORT",
    "Asks a valve, simulated or real, for its status, config, presets and stream, and prints them.\n"
    "It changes nothing and moves nothing.",
    options,
    sizeof options / sizeof options[0],
    "  threadmill device probe http://127.0.0.1:8080\n"
    "  threadmill device probe http://192.168.1.100 --timeout 2s\n",
};

static const char *state_name(enum mill_valve_state state)
{
    static const char *const names[] = {"idle", "starting", "running", "error"};
    return (size_t)state < sizeof names / sizeof names[0] ? names[state] : "unknown";
}

static void print_status(const struct mill_valve_status *status)
{
    printf("status    %s, at %.2f degrees, %.3f rad/s, %.3f N·m\n", state_name(status->state),
           status->pos_deg, status->vel_rad_s, status->torque_nm);
    printf("          %.1f C (driver), %.1f C (motor), %.2f V\n", status->temp_fet, status->temp_motor,
           status->bus_voltage);
    printf("          %" PRId64 " errors, the last %" PRId64 ", %" PRId64 " emergency stops\n",
           status->errors, status->last_error, status->estops);
}

static void print_config(const struct mill_valve_config *config)
{
    printf(
        "config    %g to %g degrees, viscous %g, coulomb %g, wall %g and %g, smoothing %g, at most %g N·m\n",
        config->closed_pos, config->open_pos, config->viscous, config->coulomb, config->wall_stiffness,
        config->wall_damping, config->smoothing, config->torque_limit);
}

static void print_presets(const struct mill_valve_preset presets[MILL_WIRE_PRESETS])
{
    for (unsigned i = 0; i < MILL_WIRE_PRESETS; i++) {
        const struct mill_valve_config *config = &presets[i].config;
        printf("%-9s %u %-12s viscous %g, coulomb %g, wall %g and %g, travel %g, at most %g N·m\n",
               i == 0 ? "presets" : "", presets[i].index, presets[i].name, config->viscous, config->coulomb,
               config->wall_stiffness, config->wall_damping, config->travel, config->torque_limit);
    }
}

static void print_stream(const struct mill_stream_status *stream)
{
    printf("stream    %s, %" PRId64 " clients, every %" PRId64 " ms, %" PRId64 " lines sent, %" PRId64
           " not sent, %" PRId64 " invalid\n",
           stream->active ? "on" : "off", stream->connected_clients, stream->default_interval_ms,
           stream->messages_sent, stream->send_errors, stream->invalid_samples);
}

static int probe(struct mill_device_client *client, struct mill_device_failure *failure)
{
    struct mill_valve_status status;
    struct mill_valve_config config;
    struct mill_valve_preset presets[MILL_WIRE_PRESETS];
    struct mill_stream_status stream;
    int result;
    if ((result = mill_device_get_status(client, &status, failure)) == 0) {
        print_status(&status);
        result = mill_device_get_config(client, &config, failure);
    }
    if (result == 0) {
        print_config(&config);
        result = mill_device_get_presets(client, presets, failure);
    }
    if (result == 0) {
        print_presets(presets);
        result = mill_device_get_stream(client, &stream, failure);
    }
    if (result == 0) {
        print_stream(&stream);
    }
    return result;
}

int mill_device_probe(int argc, char **argv)
{
    struct request request = {.timeout_ns = UINT64_C(5000000000)};
    struct mill_device_target target;
    struct mill_error error;
    struct mill_device_failure failure;
    struct mill_device_client *client;
    int status = mill_options_parse(&usage, argc, argv, &request, take_target, &error);
    if (status != 0) {
        return status > 0 ? MILL_EXIT_EXPECTED : mill_complain(MILL_EXIT_USAGE, "%s", error.message);
    }
    if (!request.word) {
        return mill_complain(
            MILL_EXIT_USAGE,
            "'threadmill device probe' needs a valve: threadmill device probe http://HOST:PORT");
    }
    if (mill_device_target_parse(request.word, MILL_WIRE_HTTP_PORT, &target, &error) < 0) {
        return mill_complain(MILL_EXIT_USAGE, "%s", error.message);
    }
    /* somebody waits for the answer: two more tries, soon */
    const struct mill_device_policy policy = {.timeout_ns = (int64_t)request.timeout_ns,
                                              .retries = 2,
                                              .backoff_ns = UINT64_C(100000000),
                                              .backoff_max_ns = UINT64_C(1000000000)};
    const struct mill_transport_plan plan = {.host = target.host, .port = target.port, .key = request.key};
    status = mill_device_client_create(mill_transport_ops_find("http"), &plan, &policy, &client, &failure);
    if (status < 0) {
        return mill_complain(status == -EINVAL ? MILL_EXIT_USAGE : MILL_EXIT_MACHINE, "%s", failure.message);
    }
    status = probe(client, &failure);
    mill_device_client_destroy(client);
    return status == 0 ? MILL_EXIT_EXPECTED : mill_complain(MILL_EXIT_MACHINE, "%s", failure.message);
}
