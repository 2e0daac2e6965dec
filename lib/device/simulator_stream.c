/* The stream: lines of JSON over TCP, sent by the main loop. Deadlines are absolute, so that no interval
 * drifts; a sample that the machine was late for is still sent, as of its deadline, and one that the main
 * loop was held up for is not, as on the device.
 *
 * What waits in the device's send buffer is what it could not send yet, since the peer's window is full
 * (SIOCOUTQNSD). What is sent and not acknowledged is not counted, as it is on the device: over loopback a
 * kernel that is late with its acknowledgement is no slow reader.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device/simulator_parts.h"
#include "device/wire_print.h"
#include "device/wire_read.h"

enum {
    open_clients = 64,         /* without MILL_QUIRK_CLIENTS */
    kernel_buffer = 64 * 1024, /* holds more lines than the device's does */
    catch_up_ms = 1000,        /* a machine that slept for longer has missed its samples */
};

static void leave(struct mill_simulator *simulator, struct mill_stream_client *client, bool reset)
{
    if (reset) {
        mill_socket_reset(client->fd);
    } else {
        close(client->fd);
    }
    client->fd = -1;
    simulator->stream.count--;
    mill_firmware_stream_clients(simulator->firmware, simulator->stream.count);
}

/* How much a client's window has no room for. */
static size_t waiting(const struct mill_stream_client *client)
{
    int bytes = 0;
    return ioctl(client->fd, SIOCOUTQNSD, &bytes) == 0 && bytes > 0 ? (size_t)bytes : 0;
}

enum sent { SENT, LOST, LEFT };

/* A whole line or none of it. */
static enum sent send_line(struct mill_simulator *simulator, struct mill_stream_client *client,
                           const char *line, size_t length)
{
    bool bounded = mill_simulator_has(simulator, MILL_QUIRK_SEND_BUFFER);
    if (bounded && waiting(client) + length > MILL_WIRE_SEND_BUFFER) {
        return LOST;
    }
    ssize_t sent = send(client->fd, line, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent == (ssize_t)length) {
        return SENT;
    }
    if (bounded && sent < 0 && errno == EAGAIN) {
        return LOST;
    }
    leave(simulator, client, sent >= 0 || errno == EAGAIN); /* too slow, or gone: no torn line follows */
    return LEFT;
}

/* ---- commands of a client ---- */

/* The token as a JSON string: printable bytes, with their escapes. */
static void quote(const char *token, char *text, size_t size)
{
    size_t length = 0;
    for (; *token != '\0' && length + 7 < size; token++) {
        unsigned char byte = (unsigned char)*token;
        if (byte < 0x20 || byte >= 0x7f) {
            length += (size_t)snprintf(text + length, size - length, "\\u%04x", byte);
        } else {
            if (byte == '"' || byte == '\\') {
                text[length++] = '\\';
            }
            text[length++] = (char)byte;
        }
    }
    text[length] = '\0';
}

static void synchronise(struct mill_simulator *simulator, struct mill_stream_client *client,
                        const char *token)
{
    struct mill_sample_line now;
    char quoted[6 * MILL_WIRE_TOKEN_MAX + 8], line[MILL_WIRE_LINE_MAX];
    mill_firmware_sample(simulator->firmware, mill_simulator_us(simulator, mill_now_ns()), &now);
    quote(token, quoted, sizeof quoted);
    int length =
        snprintf(line, sizeof line,
                 "{\"sync\":\"ok\",\"t_us\":%llu,\"seq\":%llu,\"timestamp_ms\":%llu,\"token\":\"%s\"}\n",
                 (unsigned long long)now.t_us, (unsigned long long)now.seq,
                 (unsigned long long)now.timestamp_ms, quoted);
    (void)send_line(simulator, client, line, (size_t)length);
}

static void obey(struct mill_simulator *simulator, struct mill_stream_client *client)
{
    struct mill_stream_command command;
    if (mill_read_command(client->line, client->length, &command) < 0) {
        return; /* the firmware passes over what it does not know */
    }
    if (command.kind == MILL_COMMAND_SYNC) {
        synchronise(simulator, client, command.token);
        return;
    }
    client->interval_ms = mill_firmware_interval(simulator->firmware, command.interval_ms);
    client->next_ns = mill_simulator_tick(simulator, mill_now_ns() + client->interval_ms * MILL_NS_PER_MS);
}

static void take_byte(struct mill_simulator *simulator, struct mill_stream_client *client, char byte)
{
    if (byte == '\n') {
        if (client->length > 0 && client->line[client->length - 1] == '\r') {
            client->length--;
        }
        if (!client->overlong && client->length > 0) {
            obey(simulator, client);
        }
        client->length = 0;
        client->overlong = false;
    } else if (client->length < sizeof client->line) {
        client->line[client->length++] = byte;
    } else {
        client->overlong = true;
    }
}

static void client_ready(struct mill_simulator *simulator, struct mill_fd_watch *watch, uint32_t events)
{
    struct mill_stream_client *client = (struct mill_stream_client *)(void *)watch;
    char bytes[512];
    (void)events;
    if (client->fd < 0) {
        return;
    }
    ssize_t count = recv(client->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
        leave(simulator, client, false);
        return;
    }
    for (ssize_t i = 0; i < count && client->fd >= 0; i++) {
        take_byte(simulator, client, bytes[i]);
    }
}

/* ---- who comes and goes ---- */

static void welcome(struct mill_simulator *simulator, struct mill_stream_client *client, int fd)
{
    int size = kernel_buffer;
    char hello[128];
    unsigned interval_ms;
    (void)mill_firmware_streams(simulator->firmware, &interval_ms);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    *client = (struct mill_stream_client){
        .watch = {client_ready},
        .fd = fd,
        .interval_ms = interval_ms,
        .next_ns = mill_simulator_tick(simulator, mill_now_ns() + interval_ms * MILL_NS_PER_MS),
    };
    simulator->stream.count++;
    mill_firmware_stream_clients(simulator->firmware, simulator->stream.count);
    int length =
        snprintf(hello, sizeof hello, "{\"stream\":\"valve\",\"message\":\"connected\",\"interval_ms\":%u}\n",
                 interval_ms);
    if (mill_simulator_watch(simulator, fd, EPOLLIN | EPOLLRDHUP, &client->watch) < 0) {
        leave(simulator, client, true);
    } else {
        (void)send_line(simulator, client, hello, (size_t)length);
    }
}

static void accept_clients(struct mill_simulator *simulator, struct mill_fd_watch *watch, uint32_t events)
{
    int fd;
    (void)watch;
    (void)events;
    while ((fd = mill_listener_accept(simulator, &simulator->stream.listener)) >= 0) {
        unsigned slot = 0;
        while (slot < simulator->stream.capacity && simulator->stream.clients[slot].fd >= 0) {
            slot++;
        }
        if (slot == simulator->stream.capacity) {
            simulator->counts.refused++;
            close(fd); /* without a hello */
        } else {
            welcome(simulator, &simulator->stream.clients[slot], fd);
        }
    }
}

void mill_stream_close_all(struct mill_simulator *simulator, bool reset)
{
    for (unsigned i = 0; i < simulator->stream.capacity && simulator->stream.count > 0; i++) {
        if (simulator->stream.clients[i].fd >= 0) {
            leave(simulator, &simulator->stream.clients[i], reset);
        }
    }
}

void mill_stream_follow(struct mill_simulator *simulator)
{
    unsigned interval_ms;
    bool streams = mill_firmware_streams(simulator->firmware, &interval_ms);
    (void)mill_listener_listen(simulator, &simulator->stream.listener, streams);
    if (!streams) {
        mill_stream_close_all(simulator, false);
    }
}

/* ---- samples ---- */

static void send_sample(struct mill_simulator *simulator, struct mill_stream_client *client)
{
    struct mill_sample_line sample;
    char line[MILL_WIRE_LINE_MAX];
    uint64_t now_us = mill_simulator_us(simulator, client->next_ns);
    mill_firmware_sample(simulator->firmware, now_us, &sample);
    int length = mill_print_sample(&sample, simulator->quirks, line, sizeof line);
    if (length < 0) {
        mill_firmware_stream_sent(simulator->firmware, now_us, false);
        simulator->counts.stream_lost++;
        return;
    }
    enum mill_sample_fate fate = mill_fault_dice_sample(&simulator->dice, &simulator->faults);
    simulator->counts.faults += fate != MILL_SAMPLE_ONCE;
    if (fate == MILL_SAMPLE_LEFT_OUT) {
        mill_firmware_stream_sent(simulator->firmware, now_us, true); /* the device believes so */
        return;
    }
    for (int times = fate == MILL_SAMPLE_TWICE ? 2 : 1; times > 0; times--) {
        enum sent sent = send_line(simulator, client, line, (size_t)length);
        if (sent == LEFT) {
            return;
        }
        mill_firmware_stream_sent(simulator->firmware, now_us, sent == SENT);
        simulator->counts.stream_lines += sent == SENT;
        simulator->counts.stream_lost += sent == LOST;
    }
}

/* Of all the samples that were missed, the last is still sent. */
static void skip_missed(struct mill_stream_client *client, uint64_t now_ns)
{
    uint64_t interval_ns = client->interval_ms * MILL_NS_PER_MS;
    if (client->next_ns + interval_ns <= now_ns) {
        client->next_ns += (now_ns - client->next_ns) / interval_ns * interval_ns;
    }
}

static struct mill_stream_client *first_due(struct mill_simulator *simulator, uint64_t now_ns)
{
    struct mill_stream_client *first = NULL;
    for (unsigned i = 0; i < simulator->stream.capacity; i++) {
        struct mill_stream_client *client = &simulator->stream.clients[i];
        if (client->fd >= 0 && client->next_ns <= now_ns &&
            (first == NULL || client->next_ns < first->next_ns)) {
            first = client;
        }
    }
    return first;
}

void mill_stream_run(struct mill_simulator *simulator, uint64_t now_ns)
{
    struct mill_stream_client *client;
    for (unsigned i = 0; i < simulator->stream.capacity && simulator->stream.count > 0; i++) {
        client = &simulator->stream.clients[i];
        if (client->fd >= 0 &&
            (simulator->held_up || client->next_ns + catch_up_ms * MILL_NS_PER_MS < now_ns)) {
            skip_missed(client, now_ns);
        }
    }
    simulator->held_up = false;
    while (simulator->stream.count > 0 && (client = first_due(simulator, now_ns)) != NULL) {
        send_sample(simulator, client);
        client->next_ns += client->interval_ms * MILL_NS_PER_MS;
    }
}

uint64_t mill_stream_next_ns(const struct mill_simulator *simulator)
{
    uint64_t next = MILL_SIMULATOR_NEVER;
    for (unsigned i = 0; i < simulator->stream.capacity && simulator->stream.count > 0; i++) {
        const struct mill_stream_client *client = &simulator->stream.clients[i];
        if (client->fd >= 0 && client->next_ns < next) {
            next = client->next_ns;
        }
    }
    return next;
}

/* ---- start and stop ---- */

int mill_stream_create(struct mill_simulator *simulator)
{
    unsigned capacity =
        mill_simulator_has(simulator, MILL_QUIRK_CLIENTS) ? MILL_WIRE_STREAM_CLIENTS : open_clients;
    simulator->stream.listener.watch.ready = accept_clients;
    simulator->stream.clients = calloc(capacity, sizeof *simulator->stream.clients);
    if (simulator->stream.clients == NULL) {
        return -ENOMEM;
    }
    simulator->stream.capacity = capacity;
    for (unsigned i = 0; i < capacity; i++) {
        simulator->stream.clients[i].fd = -1;
    }
    return 0;
}

void mill_stream_destroy(struct mill_simulator *simulator)
{
    mill_stream_close_all(simulator, false);
    free(simulator->stream.clients);
}
