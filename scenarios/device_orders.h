/* What only a simulated valve does, asked over the wire (lib/device/simulator_control.c): it tells how many
 * configs took effect, and loses its power when it is told to.
 *
 *     uint64_t applied;
 *     int status = mill_device_orders_applied(&to, &applied);
 *     status = mill_device_orders_power_cycle(&to, 5 * MILL_NS_PER_MS);
 *
 * Each call has a connection of its own. A valve that does not answer (it boots, or has no connection free)
 * is asked again, for 20 s: these block for so long at most, and a second or so where it can be reached. Any
 * thread may call them.
 *
 * 0; -EOPNOTSUPP: it is no simulated valve, and answers that there is no such thing; -EACCES: the key;
 * -EPROTO: another answer; what mill_transport_exchange says, of the last try; -ENOMEM.
 */
#ifndef MILL_SCENARIOS_DEVICE_ORDERS_H
#define MILL_SCENARIOS_DEVICE_ORDERS_H

#include "device/transport.h"

int mill_device_orders_applied(const struct mill_transport_plan *to, uint64_t *applied);

/* The power goes off when the reply has gone, for `off_ns`, at most a minute. Asked again, it may go twice.
 */
int mill_device_orders_power_cycle(const struct mill_transport_plan *to, uint64_t off_ns);

#endif
