/* How the in-process transport asks a device in this process (transport.h); and what its tests ask. */
#ifndef MILL_DEVICE_MODEL_DEVICE_H
#define MILL_DEVICE_MODEL_DEVICE_H

#include "device/firmware.h"
#include "device/transport.h"

/* One request of a key that was right, in the order of arrival: blocks until the reply would be there or
 * until `deadline`. 0 or -ETIMEDOUT, and then it is served all the same. */
int mill_model_request(struct mill_model_device *model, const struct mill_transport_request *request,
                       uint64_t deadline, struct mill_firmware_reply *reply);

/* The device's clock: when its main loop is free again, in ns from when it was made. */
uint64_t mill_model_clock(struct mill_model_device *model);

#endif
