#include "device/wire_print.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/quirks.h"

/* What is being written; after an error nothing is added any more. */
struct page {
    char *text;
    size_t size;
    size_t length;
    int status;
    bool sign; /* MILL_QUIRK_SIGN */
};

static struct page page_begin(char *text, size_t size, unsigned quirks)
{
    return (struct page){
        .text = text,
        .size = size,
        .status = text == NULL ? -EINVAL : 0,
        .sign = (quirks & MILL_QUIRK_SIGN) != 0,
    };
}

static int page_end(const struct page *page)
{
    return page->status < 0 ? page->status : (int)page->length;
}

__attribute__((format(printf, 2, 3))) static void add(struct page *page, const char *format, ...)
{
    if (page->status < 0) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(page->text + page->length, page->size - page->length, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= page->size - page->length) {
        page->status = -ENOSPC;
        return;
    }
    page->length += (size_t)length;
}

static const uint32_t power_of_ten[] = {1, 10, 100, 1000, 10000, 100000, 1000000};

/* Whole and decimal part with the sign in front, or without it where the firmware forgets it: it prints the
 * whole part as a signed integer, and -0 is none. */
static void add_parts(struct page *page, bool negative, uint32_t whole, uint32_t part, int digits)
{
    bool minus = negative && (whole != 0 || !page->sign);
    add(page, "%s%" PRIu32 ".%0*" PRIu32, minus ? "-" : "", whole, digits, part);
}

/* A number of a reply: rounded. */
static void add_number(struct page *page, double value, int digits)
{
    if (!isfinite(value)) {
        page->status = -EINVAL;
        return;
    }
    float magnitude = fabsf((float)value);
    if (!(magnitude < 2147483648.0f)) {
        add_parts(page, value < 0, INT32_MAX, 0, digits);
        return;
    }
    uint32_t scale = power_of_ten[digits];
    uint32_t whole = (uint32_t)magnitude;
    uint32_t part = (uint32_t)((magnitude - (float)whole) * (float)scale + 0.5f);
    if (part >= scale) {
        part -= scale;
        whole++;
    }
    add_parts(page, value < 0, whole, part, digits);
}

/* A number of a sample: in integers of a thousandth or a tenth, what is behind them cut off. */
static void add_sampled(struct page *page, double value, int digits)
{
    if (!isfinite(value)) {
        page->status = -EINVAL;
        return;
    }
    const float largest = 2147480000.0f;
    uint32_t scale = power_of_ten[digits];
    uint32_t scaled = (uint32_t)fminf(fabsf((float)value) * (float)scale, largest);
    add_parts(page, value < 0 && scaled != 0, scaled / scale, scaled % scale, digits);
}

/* A string of JSON. */
static void add_string(struct page *page, const char *text)
{
    add(page, "\"");
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            add(page, "\\%c", *c);
        } else if ((unsigned char)*c < 0x20) {
            add(page, "\\u%04x", (unsigned)(unsigned char)*c);
        } else {
            add(page, "%c", *c);
        }
    }
    add(page, "\"");
}

static void add_name(struct page *page, const char name[MILL_WIRE_NAME_MAX])
{
    if (memchr(name, '\0', MILL_WIRE_NAME_MAX) == NULL) {
        page->status = -EINVAL;
        return;
    }
    add_string(page, name);
}

/* Numbers of a reply, each with its key: {"pos_deg":1.25,"vel_rad_s":… without the braces. */
struct number {
    const char *key;
    double value;
    int digits;
};

static void add_numbers(struct page *page, const struct number *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add(page, "%s\"%s\":", i > 0 ? "," : "", numbers[i].key);
        add_number(page, numbers[i].value, numbers[i].digits);
    }
}

#define ADD_NUMBERS(page, ...)                              \
    add_numbers(page, (const struct number[]){__VA_ARGS__}, \
                sizeof((const struct number[]){__VA_ARGS__}) / sizeof(struct number))

int mill_print_status(const struct mill_valve_status *status, unsigned quirks, char *text, size_t size)
{
    struct page page = page_begin(text, size, quirks);
    add(&page, "{");
    ADD_NUMBERS(&page, {"pos_deg", status->pos_deg, 2}, {"vel_rad_s", status->vel_rad_s, 3},
                {"torque_nm", status->torque_nm, 3});
    add(&page, ",\"status\":%d,", (int)status->state);
    ADD_NUMBERS(&page, {"temp_fet", status->temp_fet, 1}, {"temp_motor", status->temp_motor, 1},
                {"bus_voltage", status->bus_voltage, 2});
    add(&page, ",\"safety\":{\"errors\":%" PRId64 ",\"last_error\":%" PRId64 ",\"estops\":%" PRId64 "}}",
        status->errors, status->last_error, status->estops);
    return page_end(&page);
}

int mill_print_config(const struct mill_valve_config *config, unsigned quirks, char *text, size_t size)
{
    struct page page = page_begin(text, size, quirks);
    add(&page, "{");
    ADD_NUMBERS(&page, {"closed_pos", config->closed_pos, 2}, {"open_pos", config->open_pos, 2},
                {"viscous", config->viscous, 4}, {"coulomb", config->coulomb, 4},
                {"wall_stiffness", config->wall_stiffness, 2}, {"wall_damping", config->wall_damping, 4},
                {"smoothing", config->smoothing, 6}, {"torque_limit", config->torque_limit, 2});
    add(&page, "}");
    return page_end(&page);
}

int mill_print_presets(const struct mill_valve_preset presets[MILL_WIRE_PRESETS], unsigned quirks, char *text,
                       size_t size)
{
    struct page page = page_begin(text, size, quirks);
    for (unsigned i = 0; i < MILL_WIRE_PRESETS; i++) {
        const struct mill_valve_config *config = &presets[i].config;
        add(&page, "%c{\"index\":%u,\"name\":", i == 0 ? '[' : ',', presets[i].index);
        add_name(&page, presets[i].name);
        add(&page, ",");
        ADD_NUMBERS(&page, {"viscous", config->viscous, 4}, {"coulomb", config->coulomb, 4},
                    {"wall_stiffness", config->wall_stiffness, 2}, {"wall_damping", config->wall_damping, 4},
                    {"travel", config->travel, 1}, {"torque_limit", config->torque_limit, 2},
                    {"smoothing", config->smoothing, 6});
        add(&page, "}");
    }
    add(&page, "]");
    return page_end(&page);
}

int mill_print_odrive(const struct mill_odrive_status *odrive, unsigned quirks, char *text, size_t size)
{
    struct page page = page_begin(text, size, quirks);
    add(&page,
        "{\"axis_error\":%" PRId64 ",\"axis_state\":%" PRId64 ",\"motor_flags\":%" PRId64
        ",\"encoder_flags\":%" PRId64 ",\"controller_status\":%" PRId64 ",",
        odrive->axis_error, odrive->axis_state, odrive->motor_flags, odrive->encoder_flags,
        odrive->controller_status);
    ADD_NUMBERS(&page, {"position", odrive->position, 6}, {"velocity", odrive->velocity, 6},
                {"bus_voltage", odrive->bus_voltage, 2}, {"bus_current", odrive->bus_current, 2},
                {"fet_temp", odrive->fet_temp, 1}, {"motor_temp", odrive->motor_temp, 1});
    add(&page, "}");
    return page_end(&page);
}

int mill_print_can(const struct mill_can_status *can, unsigned quirks, char *text, size_t size)
{
    struct page page = page_begin(text, size, quirks);
    add(&page,
        "{\"bus\":{\"tx_count\":%" PRId64 ",\"rx_count\":%" PRId64 ",\"error_count\":%" PRId64
        ",\"last_error\":\"0x%08" PRIX32 "\"},\"encoder\":{",
        can->tx_count, can->rx_count, can->error_count, can->last_error);
    ADD_NUMBERS(&page, {"position", can->position, 6}, {"velocity", can->velocity, 6});
    add(&page, "},\"telemetry\":{");
    ADD_NUMBERS(&page, {"bus_voltage", can->bus_voltage, 2}, {"bus_current", can->bus_current, 2},
                {"fet_temp", can->fet_temp, 1}, {"motor_temp", can->motor_temp, 1});
    add(&page, "}}");
    return page_end(&page);
}

int mill_print_stream(const struct mill_stream_status *stream, char *text, size_t size)
{
    struct page page = page_begin(text, size, 0);
    add(&page,
        "{\"active\":%s,\"connected_clients\":%" PRId64 ",\"default_interval_ms\":%" PRId64
        ",\"messages_sent\":%" PRId64 ",\"send_errors\":%" PRId64 ",\"invalid_samples\":%" PRId64
        ",\"last_send_tick_ms\":%" PRId64 "}",
        stream->active ? "true" : "false", stream->connected_clients, stream->default_interval_ms,
        stream->messages_sent, stream->send_errors, stream->invalid_samples, stream->last_send_tick_ms);
    return page_end(&page);
}

int mill_print_error(const char *name, char *text, size_t size)
{
    struct page page = page_begin(text, size, 0);
    add(&page, "{\"status\":\"error\",\"error\":\"%s\"}", name);
    return page_end(&page);
}

const char *mill_sample_status_name(enum mill_sample_status status)
{
    static const char *const names[] = {
        [MILL_SAMPLE_IDLE] = "IDLE",
        [MILL_SAMPLE_RUNNING] = "RUNNING",
        [MILL_SAMPLE_ERROR] = "ERROR",
        [MILL_SAMPLE_NO_DATA] = "NO_DATA",
    };
    return (unsigned)status < sizeof names / sizeof names[0] ? names[status] : NULL;
}

int mill_print_sample(const struct mill_sample_line *sample, unsigned quirks, char *text, size_t size)
{
    struct page page = page_begin(text, size, quirks);
    const char *status = mill_sample_status_name(sample->status);
    if (status == NULL) {
        return -EINVAL;
    }
    add(&page,
        "{\"timestamp_ms\":%" PRIu64 ",\"t_us\":%" PRIu64 ",\"loop_time_us\":%" PRIu64 ",\"seq\":%" PRIu64,
        sample->timestamp_ms, sample->t_us, sample->loop_time_us, sample->seq);
    add(&page, ",\"position_turns\":");
    add_sampled(&page, sample->position_turns, 3);
    add(&page, ",\"position_deg\":");
    add_sampled(&page, sample->position_deg, 1);
    add(&page, ",\"torque_nm\":");
    add_sampled(&page, sample->torque_nm, 3);
    add(&page, ",\"filt_torque_nm\":");
    add_sampled(&page, sample->filt_torque_nm, 3);
    add(&page, ",\"status\":\"%s\",\"omega_rad_s\":", status);
    add_sampled(&page, sample->omega_rad_s, 3);
    add(&page,
        ",\"passivity_mj\":%" PRId64 ",\"quiet\":%s,\"err\":%" PRId64 ",\"hb_age\":%" PRId64
        ",\"data_valid\":%s}\n",
        sample->passivity_mj, sample->quiet ? "true" : "false", sample->err, sample->hb_age,
        sample->data_valid ? "true" : "false");
    return page_end(&page);
}

int mill_print_hello(unsigned interval_ms, char *text, size_t size)
{
    struct page page = page_begin(text, size, 0);
    add(&page, "{\"stream\":\"valve\",\"message\":\"connected\",\"interval_ms\":%u}\n", interval_ms);
    return page_end(&page);
}

int mill_print_sync(const struct mill_sample_line *sample, const char *token, char *text, size_t size)
{
    struct page page = page_begin(text, size, 0);
    add(&page, "{\"sync\":\"ok\",\"t_us\":%" PRIu64 ",\"seq\":%" PRIu64 ",\"timestamp_ms\":%" PRIu64,
        sample->t_us, sample->seq, sample->timestamp_ms);
    if (token[0] != '\0') {
        add(&page, ",\"token\":");
        add_string(&page, token);
    }
    add(&page, "}\n");
    return page_end(&page);
}

/* The shortest digits that are read back as the same double. */
static void add_exact(struct page *page, double value)
{
    if (!isfinite(value)) {
        page->status = -EINVAL;
        return;
    }
    char digits[32] = "";
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (!(strtod(digits, NULL) < value) && !(strtod(digits, NULL) > value)) {
            break;
        }
    }
    add(page, "%s", digits);
}

/* The members that are given, a comma before each but the first of the object. */
static void add_given(struct page *page, const struct mill_valve_config *config, const char *comma)
{
    const struct {
        enum mill_config_field field;
        const char *key;
        double value;
    } members[] = {
        {MILL_CONFIG_CLOSED_POS, "closed_pos", config->closed_pos},
        {MILL_CONFIG_OPEN_POS, "open_pos", config->open_pos},
        {MILL_CONFIG_VISCOUS, "viscous", config->viscous},
        {MILL_CONFIG_COULOMB, "coulomb", config->coulomb},
        {MILL_CONFIG_WALL_STIFFNESS, "wall_stiffness", config->wall_stiffness},
        {MILL_CONFIG_WALL_DAMPING, "wall_damping", config->wall_damping},
        {MILL_CONFIG_SMOOTHING, "smoothing", config->smoothing},
        {MILL_CONFIG_TORQUE_LIMIT, "torque_limit", config->torque_limit},
        {MILL_CONFIG_TRAVEL, "travel", config->travel},
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if ((config->fields & (unsigned)members[i].field) != 0) {
            add(page, "%s\"%s\":", comma, members[i].key);
            add_exact(page, members[i].value);
            comma = ",";
        }
    }
}

int mill_print_config_request(const struct mill_valve_config *config, char *text, size_t size)
{
    struct page page = page_begin(text, size, 0);
    add(&page, "{");
    add_given(&page, config, "");
    add(&page, "}");
    return page_end(&page);
}

int mill_print_preset_request(const struct mill_valve_preset *preset, char *text, size_t size)
{
    struct page page = page_begin(text, size, 0);
    add(&page, "{\"index\":%u", preset->index);
    if (preset->name[0] != '\0') {
        add(&page, ",\"name\":");
        add_name(&page, preset->name);
    }
    add_given(&page, &preset->config, ",");
    add(&page, "}");
    return page_end(&page);
}
