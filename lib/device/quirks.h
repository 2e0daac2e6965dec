/* What the firmware does that a device need not do: each can be switched off.
 *
 * `quirks=firmware` is all of them, `quirks=none` none; a list of names joined by commas is those.
 */
#ifndef MILL_DEVICE_QUIRKS_H
#define MILL_DEVICE_QUIRKS_H

enum mill_quirk {
    MILL_QUIRK_CLOSE = 1 << 0,       /* "close": every reply closes its connection */
    MILL_QUIRK_CLIENTS = 1 << 1,     /* "clients": the ninth connection is reset, the seventh stream closed */
    MILL_QUIRK_SIGN = 1 << 2,        /* "sign": values between -1 and 0 lose their sign in the text */
    MILL_QUIRK_SEND_BUFFER = 1 << 3, /* "send-buffer": a slow stream reader loses samples silently */
    MILL_QUIRK_BLOCKING = 1 << 4,    /* "blocking": start, calibrate and preset save keep the main loop */
    MILL_QUIRK_STAGED = 1 << 5, /* "staged": of two POST configs within a tick while running, one is lost */
    MILL_QUIRK_LOOP_DELAY = 1 << 6, /* "loop-delay": the main loop turns once a millisecond */
    MILL_QUIRK_SEQ = 1 << 7,        /* "seq": frozen while stopped, restarted with t_us at a start */
    MILL_QUIRKS_FIRMWARE = (1 << 8) - 1,
    MILL_QUIRKS_NONE = 0,
};

struct mill_error;

/* "firmware", "none", or names joined by commas. 0 or -EINVAL, said in `error`. */
int mill_quirks_parse(const char *text, unsigned *quirks, struct mill_error *error);

/* The name of a single quirk, or NULL. */
const char *mill_quirk_name(enum mill_quirk quirk);

#endif
