/* What arrives at the simulator's port: the first byte of an input says after how many bytes the sender
 * pauses (eight times so many), the rest is sent, and nothing follows. Whatever it is, the connection ends,
 * by an answer of HTTP or without one, and the next request is answered as ever. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/test_fuzz.h"
#include "device/simulator.h"

/* Orders of the tests' own (faults, power cycles) are not for the fuzzer to give. */
#define KEY "4d8a1c7e-not-to-be-guessed-90b2"

enum { patience_s = 20 };

static struct mill_simulator *simulator;

static void stop(void)
{
    mill_simulator_stop(simulator);
}

static void start(void)
{
    const struct mill_simulator_plan plan = {
        .quirks = MILL_QUIRKS_FIRMWARE & ~(MILL_QUIRK_LOOP_DELAY | MILL_QUIRK_BLOCKING), .key = KEY};
    must(mill_simulator_start(&plan, &simulator, NULL) == 0);
    must(atexit(stop) == 0);
}

static int dial(void)
{
    const struct timeval patience = {.tv_sec = patience_s};
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)mill_simulator_http_port(simulator)),
                                        .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0);
    const int on = 1;
    must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    must(connect(fd, (const struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

/* What the peer has closed takes no more. */
static void put(int fd, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0) {
            must(errno == EPIPE || errno == ECONNRESET);
            return;
        }
        bytes += sent;
        length -= (size_t)sent;
    }
}

/* Reads to the end of the connection and closes it; the status of HTTP, or 0: there was no answer. */
static int take(int fd)
{
    char text[64 * 1024];
    size_t length = 0;
    ssize_t count;
    while ((count = recv(fd, text + length, sizeof text - 1 - length, 0)) > 0) {
        length += (size_t)count;
        must(length < sizeof text - 1);
    }
    must(count == 0 || errno == ECONNRESET); /* not EAGAIN: it has hung */
    close(fd);
    text[length] = '\0';
    must(length == 0 || strncmp(text, "HTTP/1.", 7) == 0);
    return length > 9 ? atoi(text + 9) : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char known[] = "GET /api/v1/status HTTP/1.1\r\nHost: valve\r\nX-API-Key: " KEY "\r\n\r\n";
    if (size == 0) {
        return 0;
    }
    if (!simulator) {
        start();
    }
    size_t first = (size_t)data[0] * 8 < size - 1 ? (size_t)data[0] * 8 : size - 1;
    int fd = dial();
    put(fd, data + 1, first);
    put(fd, data + 1 + first, size - 1 - first);
    (void)shutdown(fd, SHUT_WR);
    int status = take(fd);
    must(status == 0 || (status >= 200 && status < 600));
    fd = dial();
    put(fd, (const uint8_t *)known, sizeof known - 1);
    must(take(fd) == 200);
    return 0;
}
