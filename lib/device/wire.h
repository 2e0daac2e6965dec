/* What the valve says on the wire, as C: the vocabulary that the device side (firmware, simulator) and the
 * client side share. Values alone, no behaviour; the texts are made and read by wire_print.h and wire_read.h.
 *
 * Names, limits and defaults are the firmware's; lib/device/README.md says where it differs from its own
 * documentation.
 */
#ifndef MILL_DEVICE_WIRE_H
#define MILL_DEVICE_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#define MILL_WIRE_KEY             "steve-valve-2025" /* of the header X-API-Key */
#define MILL_WIRE_BASE            "/api/v1"
#define MILL_WIRE_HTTP_PORT       8080u
#define MILL_WIRE_STREAM_PORT     8888u
#define MILL_WIRE_REQUEST_MAX     2048u /* a request, head and body, is shorter than this */
#define MILL_WIRE_TOKENS_MAX      64u   /* JSON tokens of a request's body */
#define MILL_WIRE_HTTP_CLIENTS    8u
#define MILL_WIRE_STREAM_CLIENTS  6u
#define MILL_WIRE_IDLE_MS         5000u  /* a request that takes longer to arrive is answered with 408 */
#define MILL_WIRE_SEND_BUFFER     14600u /* bytes waiting for one stream client */
#define MILL_WIRE_INTERVAL_MIN_MS 10u
#define MILL_WIRE_INTERVAL_MAX_MS 1000u
#define MILL_WIRE_INTERVAL_MS     100u
#define MILL_WIRE_PRESETS         4u
#define MILL_WIRE_NAME_MAX        32u   /* with the final NUL */
#define MILL_WIRE_TOKEN_MAX       64u   /* of a `sync`, with the final NUL */
#define MILL_WIRE_REPLY_MAX       4096u /* no reply's body is longer; a client refuses more */
#define MILL_WIRE_LINE_MAX        1024u /* no line of the stream is longer; a client refuses more */

enum mill_valve_state {
    MILL_VALVE_IDLE,
    MILL_VALVE_INIT,
    MILL_VALVE_RUNNING,
    MILL_VALVE_ERROR,
};

struct mill_valve_status {
    double pos_deg;
    double vel_rad_s;
    double torque_nm;
    enum mill_valve_state state; /* "status" on the wire */
    double temp_fet;
    double temp_motor;
    double bus_voltage;
    int64_t errors; /* of "safety", as are the next two */
    int64_t last_error;
    int64_t estops;
};

/* Which members of a config or a preset are given. The bits are those of the mask in the reply to POST
 * config; there `travel` counts as open_pos. */
enum mill_config_field {
    MILL_CONFIG_VISCOUS = 1 << 0,
    MILL_CONFIG_COULOMB = 1 << 1,
    MILL_CONFIG_WALL_STIFFNESS = 1 << 2,
    MILL_CONFIG_WALL_DAMPING = 1 << 3,
    MILL_CONFIG_SMOOTHING = 1 << 4,
    MILL_CONFIG_TORQUE_LIMIT = 1 << 5,
    MILL_CONFIG_OPEN_POS = 1 << 6,
    MILL_CONFIG_CLOSED_POS = 1 << 7,
    MILL_CONFIG_TRAVEL = 1 << 8,     /* sets open_pos from closed_pos; not in the reply to GET config */
    MILL_CONFIG_LIVE = (1 << 8) - 1, /* all but travel: what GET config tells */
};

struct mill_valve_config {
    unsigned fields;   /* of enum mill_config_field: which of the following mean something */
    double closed_pos; /* degrees */
    double open_pos;
    double viscous;        /* N·m·s/rad */
    double coulomb;        /* N·m */
    double wall_stiffness; /* N·m/turn */
    double wall_damping;   /* N·m·s/turn */
    double smoothing;
    double torque_limit; /* N·m */
    double travel;       /* degrees */
};

struct mill_valve_preset {
    unsigned index;
    char name[MILL_WIRE_NAME_MAX];
    struct mill_valve_config config; /* viscous, coulomb, wall_*, travel, torque_limit, smoothing */
};

struct mill_odrive_status {
    int64_t axis_error;
    int64_t axis_state;
    int64_t motor_flags;
    int64_t encoder_flags;
    int64_t controller_status;
    double position; /* turns */
    double velocity; /* turns/s */
    double bus_voltage;
    double bus_current;
    double fet_temp;
    double motor_temp;
};

struct mill_can_status {
    int64_t tx_count; /* of "bus", as are the next three */
    int64_t rx_count;
    int64_t error_count;
    uint32_t last_error; /* "0x0000001F" on the wire */
    double position;     /* of "encoder": turns */
    double velocity;     /* turns/s */
    double bus_voltage;  /* of "telemetry", as are the next three */
    double bus_current;
    double fet_temp;
    double motor_temp;
};

struct mill_stream_status {
    bool active;
    int64_t connected_clients;
    int64_t default_interval_ms;
    int64_t messages_sent;
    int64_t send_errors;
    int64_t invalid_samples;
    int64_t last_send_tick_ms;
};

enum mill_sample_status {
    MILL_SAMPLE_IDLE,
    MILL_SAMPLE_RUNNING,
    MILL_SAMPLE_ERROR,
    MILL_SAMPLE_NO_DATA,
};

/* One line of the stream. `seq` counts ticks of the control loop, not lines. */
struct mill_sample_line {
    uint64_t timestamp_ms;
    uint64_t t_us;
    uint64_t loop_time_us;
    uint64_t seq;
    double position_turns;
    double position_deg;
    double torque_nm;
    double filt_torque_nm;
    enum mill_sample_status status;
    double omega_rad_s;
    int64_t passivity_mj;
    bool quiet;
    int64_t err;
    int64_t hb_age;
    bool data_valid;
};

#endif
