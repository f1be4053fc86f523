// The load on event streams: opens them, publishes, and counts what arrives. Prints one JSON object.
//
// stream-load MODE --port P [--streams N] [--events K] [--seconds S] [--bytes B] [--subscribe PATH] [--publish PATH]
//             [--resident PID,PID…]
//
//   paced       one publish; the next when every stream and the publisher have theirs; for S seconds
//   burst       one publish of K events (?n=K)
//   pipelined   K publishes, up to 32 unanswered at a time
//   idle        N streams that hear nothing, their memory, then five publishes one after the other
//   churn       K streams opened and closed, N at a time
//
// An event is counted by its `data:`, so comments and heartbeats do not count; more than was published is an error.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// MARK: - The basics

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec * 1e-9;
}

__attribute__((noreturn)) static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("stream-load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(1);
}

/// The bytes that the processes keep in memory, shared pages by their share; 0 where the system does not tell.
static long resident(const char *processes) {
    long total = 0;
    for (const char *next = processes; next && *next; next = strchr(next, ',') ? strchr(next, ',') + 1 : NULL) {
        char path[64], line[256];
        snprintf(path, sizeof path, "/proc/%d/smaps_rollup", atoi(next));
        FILE *file = fopen(path, "r");
        long kilobytes;
        while (file && fgets(line, sizeof line, file))
            if (sscanf(line, "Pss: %ld", &kilobytes) == 1) total += kilobytes * 1024;
        if (file) fclose(file);
    }
    return total;
}

// MARK: - Settings

static const char *mode, *processes, *subscribe_path = "/events", *publish_path = "/pub";
static int port, stream_count = 1000, event_count = 1000, payload_bytes = 64;
static double seconds = 3;

static void read_settings(int argc, char **argv) {
    if (argc < 2) fail("no mode");
    mode = argv[1];
    for (int i = 2; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (!strcmp(name, "--port")) port = atoi(value);
        else if (!strcmp(name, "--streams")) stream_count = atoi(value);
        else if (!strcmp(name, "--events")) event_count = atoi(value);
        else if (!strcmp(name, "--seconds")) seconds = atof(value);
        else if (!strcmp(name, "--bytes")) payload_bytes = atoi(value);
        else if (!strcmp(name, "--subscribe")) subscribe_path = value;
        else if (!strcmp(name, "--publish")) publish_path = value;
        else if (!strcmp(name, "--resident")) processes = value;
        else fail("unknown option %s", name);
    }
    if (!port) fail("no port");
}

// MARK: - Connections

typedef struct {
    int fd;
    bool is_open;
    // How many characters of "data:" the last read ended with, or of the head's end before the stream is open.
    unsigned char matched;
    long events;
} Stream;

static Stream *streams;
static int poller, publisher = -1;
static char buffer[1 << 18];
static const unsigned PUBLISHER = 0xffffffff;

/// Connects from one of 64 addresses in turn: each has ports of its own, so they do not run out.
static int dial(void) {
    static unsigned turn;
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (fd < 0) fail("socket: %s", strerror(errno));
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002 + turn++ % 64)};
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, (void *)&from, sizeof from)) fail("bind: %s", strerror(errno));
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (void *)&to, sizeof to)) fail("connect: %s", strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void watch(int fd, unsigned tag) {
    fcntl(fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = tag};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

static void open_stream(int index) {
    char request[512];
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: text/event-stream\r\n\r\n", subscribe_path,
                          port);
    streams[index] = (Stream){.fd = dial()};
    if (write(streams[index].fd, request, length) != length) fail("cannot subscribe: %s", strerror(errno));
    watch(streams[index].fd, index);
}

/// How often the text occurs, also across reads: no part of either text can be the beginning of another match.
static long occurrences(const char *text, unsigned char *matched, const char *bytes, size_t length) {
    size_t size = strlen(text);
    long found = 0;
    const char *from = bytes, *end = bytes + length;
    if (*matched) {
        while (from < end && *matched < size && *from == text[*matched]) from++, ++*matched;
        if (*matched < size && from == end) return 0;
        found = *matched == size;
        *matched = 0;
    }
    for (const char *at; (at = memmem(from, end - from, text, size)); from = at + size) found++;
    for (size_t tail = size - 1; tail > 0; tail--)
        if ((size_t)(end - from) >= tail && !memcmp(end - tail, text, tail)) {
            *matched = tail;
            break;
        }
    return found;
}

/// Reads what a stream has; returns its new events. The head ends where its status line has been seen.
static long read_stream(Stream *stream) {
    long found = 0;
    for (;;) {
        ssize_t length = read(stream->fd, buffer, sizeof buffer);
        if (length < 0 && errno == EAGAIN) break;
        if (length <= 0) fail("a stream was closed after %ld events", stream->events);
        if (!stream->is_open) {
            if (length < 12 || memcmp(buffer, "HTTP/1.1 200", 12)) fail("not a stream: %.80s", buffer);
            stream->is_open = true;
        }
        found += occurrences("data:", &stream->matched, buffer, length);
        if ((size_t)length < sizeof buffer) break;
    }
    stream->events += found;
    return found;
}

// MARK: - Publishing

static char *publish_request;
static int publish_length, unanswered;
static unsigned char answer_matched;

static void prepare_publish(int times) {
    publish_request = malloc(payload_bytes + 512);
    char count[32] = "";
    if (times > 1) snprintf(count, sizeof count, "?n=%d", times);
    publish_length = sprintf(publish_request,
                             "POST %s%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: text/plain\r\n"
                             "Content-Length: %d\r\n\r\n",
                             publish_path, count, port, payload_bytes);
    memset(publish_request + publish_length, 'x', payload_bytes);
    publish_length += payload_bytes;
    publisher = dial();
    watch(publisher, PUBLISHER);
}

static void publish(void) {
    if (write(publisher, publish_request, publish_length) != publish_length) fail("cannot publish");
    unanswered++;
}

static void read_answers(void) {
    ssize_t length = read(publisher, buffer, sizeof buffer);
    if (length <= 0) fail("the publisher's connection was closed");
    if (memmem(buffer, length, "HTTP/1.1 4", 10) || memmem(buffer, length, "HTTP/1.1 5", 10))
        fail("a publish was refused: %.80s", buffer);
    unanswered -= occurrences("HTTP/1.1 2", &answer_matched, buffer, length);
}

/// Waits for what comes, at most so long; returns the events, and counts the streams that opened.
static long receive(int milliseconds, int *opened) {
    struct epoll_event events[1024];
    int count = epoll_wait(poller, events, 1024, milliseconds);
    long found = 0;
    for (int i = 0; i < count; i++) {
        if (events[i].data.u32 == PUBLISHER) {
            read_answers();
            continue;
        }
        Stream *stream = &streams[events[i].data.u32];
        bool was_open = stream->is_open;
        found += read_stream(stream);
        if (opened && !was_open) ++*opened;
    }
    return found;
}

/// Receives until there are so many events and every publish is answered.
static void receive_all(long expected) {
    long received = 0;
    for (double last = now(); received < expected || unanswered;) {
        long found = receive(1000, NULL);
        if (found) last = now();
        received += found;
        if (received > expected) fail("%ld events, and only %ld were published", received, expected);
        if (now() - last > 30) fail("%ld of %ld events in 30 s", received, expected);
    }
}

static double open_all(void) {
    double start = now();
    int opened = 0;
    for (int i = 0; i < stream_count; i++) {
        open_stream(i);
        // The server's answers are taken up meanwhile, so that neither side waits for the other.
        if (i % 64 == 63) receive(0, &opened);
    }
    while (opened < stream_count) {
        if (now() - start > 120) fail("%d of %d streams open after two minutes", opened, stream_count);
        receive(1000, &opened);
    }
    return now() - start;
}

/// Lets the server come to rest; nothing may arrive that was not published.
static void settle(double time) {
    for (double start = now(); now() - start < time;)
        if (receive(50, NULL)) fail("an event that was not published");
}

// MARK: - Modes

static int by_size(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

static void run_paced(void) {
    double connect_seconds = open_all();
    prepare_publish(1);
    settle(0.5);
    int capacity = 1024, count = 0;
    double *latencies = malloc(capacity * sizeof *latencies), start = now();
    do {
        if (count == capacity) latencies = realloc(latencies, (capacity *= 2) * sizeof *latencies);
        double sent = now();
        publish();
        receive_all(stream_count);
        latencies[count++] = now() - sent;
    } while (now() - start < seconds);
    double elapsed = now() - start;
    settle(0.1);
    qsort(latencies, count, sizeof *latencies, by_size);
    printf("{\"events_per_second\": %.0f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"publishes\": %d, "
           "\"connect_seconds\": %.3f}\n",
           (double)count * stream_count / elapsed, latencies[count / 2] * 1e3, latencies[(int)(count * 0.99)] * 1e3,
           count, connect_seconds);
}

static void run_burst(bool is_pipelined) {
    open_all();
    prepare_publish(is_pipelined ? 1 : event_count);
    settle(0.5);
    long expected = (long)event_count * stream_count, received = 0;
    int sent = 0, total = is_pipelined ? event_count : 1;
    double start = now(), last = start;
    while (received < expected || unanswered) {
        while (sent < total && unanswered < 32) publish(), sent++;
        long found = receive(1000, NULL);
        if (found) last = now();
        received += found;
        if (now() - last > 30) fail("%ld of %ld events", received, expected);
    }
    double elapsed = now() - start;
    settle(0.1);
    if (received != expected) fail("%ld events, and %ld were published", received, expected);
    printf("{\"events_per_second\": %.0f, \"seconds\": %.4f}\n", received / elapsed, elapsed);
}

static void run_idle(void) {
    long before = resident(processes);
    double connect_seconds = open_all();
    settle(2);
    long after = resident(processes);
    prepare_publish(1);
    double latencies[5];
    for (int i = 0; i < 5; i++) {
        double sent = now();
        publish();
        receive_all(stream_count);
        latencies[i] = now() - sent;
        settle(0.1);
    }
    qsort(latencies, 5, sizeof *latencies, by_size);
    printf("{\"connect_seconds\": %.3f, \"resident_bytes\": %ld, \"bytes_per_stream\": %.0f, \"fan_out_ms\": %.3f}\n",
           connect_seconds, after, (double)(after - before) / stream_count, latencies[2] * 1e3);
}

static void run_churn(void) {
    int total = event_count, opened = 0, started = 0, closed = 0;
    long before = 0;
    double start = now();
    for (; started < stream_count && started < total; started++) open_stream(started);
    struct epoll_event events[256];
    while (closed < total) {
        int count = epoll_wait(poller, events, 256, 10000);
        if (!count) fail("nothing came for ten seconds after %d streams", closed);
        for (int i = 0; i < count; i++) {
            Stream *stream = &streams[events[i].data.u32];
            read_stream(stream);
            opened++;
            close(stream->fd);
            closed++;
            // What the first tenth leaves behind is warmth; what the rest adds is a leak.
            if (closed == total / 10) before = resident(processes);
            if (started < total) open_stream(events[i].data.u32), started++;
        }
    }
    double elapsed = now() - start;
    usleep(2000000);
    long after = resident(processes);
    printf("{\"streams\": %d, \"per_second\": %.0f, \"resident_before\": %ld, \"resident_after\": %ld}\n", opened,
           total / elapsed, before, after);
}

int main(int argc, char **argv) {
    read_settings(argc, argv);
    poller = epoll_create1(0);
    streams = calloc(stream_count, sizeof *streams);
    if (!strcmp(mode, "paced")) run_paced();
    else if (!strcmp(mode, "burst")) run_burst(false);
    else if (!strcmp(mode, "pipelined")) run_burst(true);
    else if (!strcmp(mode, "idle")) run_idle();
    else if (!strcmp(mode, "churn")) run_churn();
    else fail("unknown mode %s", mode);
    return 0;
}
