/* What transports are written with; and every one of them, a line each. */
#ifndef MILL_DEVICE_TRANSPORT_STRATEGY_H
#define MILL_DEVICE_TRANSPORT_STRATEGY_H

#include "device/transport.h"

#define MILL_TRANSPORTS(X) \
    X(http)                \
    X(in_process)

#define MILL_TRANSPORT_DECLARE(ident) extern const struct mill_transport_ops mill_transport_##ident;
MILL_TRANSPORTS(MILL_TRANSPORT_DECLARE)
#undef MILL_TRANSPORT_DECLARE

/* How every transport begins. `open` leaves it alone, and is given a plan that is not NULL; `exchange` is
 * given a request that was checked, a reply that is empty and a deadline that has not passed. */
struct mill_transport {
    const struct mill_transport_ops *ops;
};

/* 0 or -EINVAL: what any transport can carry (transport.h). */
int mill_transport_request_check(const struct mill_transport_request *request, struct mill_error *error);

/* Is it a key that a header can hold? NULL is. */
bool mill_transport_key_fits(const char *key);

#endif
