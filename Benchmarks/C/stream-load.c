// The load on event streams: opens them, publishes, and counts what arrives. Prints one JSON object.
//
// stream-load MODE --port P [--streams N] [--events K] [--seconds S] [--bytes B] [--subscribe PATH] [--publish PATH]
//             [--encoding gzip] [--resident PID,PID…]
//
//   paced       one publish; the next when every stream and the publisher have theirs; for S seconds
//   burst       one publish of K events (?n=K)
//   pipelined   K publishes, up to 32 unanswered at a time
//   idle        N streams that hear nothing, their memory, then five publishes one after the other
//   churn       K streams opened and closed, N at a time
//   produce     a stream that gives K events by itself
//   replay      K events published one a request, then N streams that come back with the id before them
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
#include <zlib.h>

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

/// The sum of a figure in kilobytes that a file of each process tells, in bytes; 0 where the system does not tell.
static long sum(const char *processes, const char *file_name, const char *figure) {
    long total = 0;
    for (const char *next = processes; next && *next; next = strchr(next, ',') ? strchr(next, ',') + 1 : NULL) {
        char path[64], line[256];
        snprintf(path, sizeof path, "/proc/%d/%s", atoi(next), file_name);
        FILE *file = fopen(path, "r");
        while (file && fgets(line, sizeof line, file))
            if (!strncmp(line, figure, strlen(figure))) total += atol(line + strlen(figure)) * 1024;
        if (file) fclose(file);
    }
    return total;
}

/// The bytes that the processes keep in memory, shared pages by their share.
static long resident(const char *processes) { return sum(processes, "smaps_rollup", "Pss:"); }

/// The most bytes that the processes had in memory since `forget_peak`.
static long peak(const char *processes) { return sum(processes, "status", "VmHWM:"); }

/// Lets the peak begin anew; returns it.
static long forget_peak(const char *processes) {
    for (const char *next = processes; next && *next; next = strchr(next, ',') ? strchr(next, ',') + 1 : NULL) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/clear_refs", atoi(next));
        FILE *file = fopen(path, "w");
        if (!file || fputs("5", file) < 0 || fclose(file)) fail("cannot watch the memory of %d", atoi(next));
    }
    return peak(processes);
}

// MARK: - Settings

static const char *mode, *processes, *subscribe_path = "/events", *publish_path = "/pub";
static bool is_gzip;
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
        else if (!strcmp(name, "--encoding")) is_gzip = !strcmp(value, "gzip");
        else if (!strcmp(name, "--resident")) processes = value;
        else fail("unknown option %s", name);
    }
    if (!port) fail("no port");
}

// MARK: - Connections

/// How much of a chunk is to come, and where in the lines between chunks a body is.
typedef struct {
    bool is_chunked;
    enum { SIZE, AFTER_SIZE, CONTENT, AFTER_CONTENT } place;
    size_t rest;
} Body;

typedef struct {
    int fd;
    bool is_open;
    // How many characters of "data:" the last read ended with, or of the head's end before the stream is open.
    unsigned char matched;
    long events;
    // Where it is in what all get, and in its chunked coding; of compressed streams only.
    size_t offset;
    Body body;
} Stream;

static Stream *streams;
static int poller, publisher = -1;
static char buffer[1 << 18];
/// What an event is counted by.
static const char *counted_text = "data:";
/// What streams say when they come back; empty for new ones.
static char last_event_id[256];
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

static int subscribe(void) {
    char request[1024];
    int fd = dial();
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: text/event-stream\r\n%s%s%s%s\r\n",
                          subscribe_path, port, is_gzip ? "Accept-Encoding: gzip\r\n" : "",
                          *last_event_id ? "Last-Event-ID: " : "", last_event_id, *last_event_id ? "\r\n" : "");
    if (write(fd, request, length) != length) fail("cannot subscribe: %s", strerror(errno));
    return fd;
}

static void open_stream(int index) {
    streams[index] = (Stream){.fd = subscribe()};
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

// MARK: - Compressed streams

// All streams are opened before anything is published, and so all get the same bytes: with blocks that are shared, and
// also from a compressor for each, which has the same input. What the first to get there reads is inflated; the others
// are compared with it, byte for byte. So everything is checked, and the load stays lighter than what it measures.
static struct {
    z_stream inflater;
    char *bytes, *text;
    size_t length, capacity, text_length, text_capacity;
    unsigned char matched;
    // Behind which byte each event is complete.
    size_t *ends;
    long events, ends_capacity;
} common;

static void *grown(void *memory, size_t needed, size_t *capacity, size_t size) {
    if (needed <= *capacity) return memory;
    *capacity = needed * 2;
    return realloc(memory, *capacity * size);
}

/// Takes in what no stream had yet.
static void extend(const char *bytes, size_t length) {
    common.bytes = grown(common.bytes, common.length + length, &common.capacity, 1);
    memcpy(common.bytes + common.length, bytes, length);
    common.length += length;
    if (!common.inflater.state && inflateInit2(&common.inflater, 16 + MAX_WBITS) != Z_OK) fail("cannot inflate");
    common.inflater.next_in = (void *)bytes;
    common.inflater.avail_in = length;
    do {
        common.text = grown(common.text, common.text_length + (1 << 16), &common.text_capacity, 1);
        char *start = common.text + common.text_length;
        common.inflater.next_out = (void *)start;
        common.inflater.avail_out = 1 << 16;
        int status = inflate(&common.inflater, Z_SYNC_FLUSH);
        if (status != Z_OK && status != Z_BUF_ERROR) fail("not a gzip stream: %s", common.inflater.msg);
        size_t made = (1 << 16) - common.inflater.avail_out;
        common.text_length += made;
        for (long found = occurrences("data:", &common.matched, start, made); found; found--) {
            size_t capacity = common.ends_capacity;
            common.ends = grown(common.ends, common.events + 1, &capacity, sizeof *common.ends);
            common.ends_capacity = capacity;
            common.ends[common.events++] = common.length;
        }
    } while (!common.inflater.avail_out);
}

static void take_compressed(Stream *stream, const char *bytes, size_t length) {
    size_t known = common.length - stream->offset;
    if (known > length) known = length;
    if (memcmp(common.bytes + stream->offset, bytes, known)) fail("a stream differs from the others");
    if (known < length) extend(bytes + known, length - known);
    stream->offset += length;
}

/// Takes a part of a body out of its chunks.
static void take_body(Stream *stream, const char *bytes, size_t length) {
    Body *body = &stream->body;
    if (!body->is_chunked) return take_compressed(stream, bytes, length);
    for (const char *end = bytes + length; bytes < end;) {
        switch (body->place) {
        case SIZE:
            if (*bytes == '\r') body->place = AFTER_SIZE;
            else if (*bytes >= '0' && *bytes <= '9') body->rest = body->rest * 16 + (*bytes - '0');
            else if ((*bytes | 32) >= 'a' && (*bytes | 32) <= 'f') body->rest = body->rest * 16 + ((*bytes | 32) - 'a' + 10);
            else fail("a malformed chunk");
            bytes++;
            break;
        case AFTER_SIZE:
            if (*bytes++ != '\n' || !body->rest) fail("a stream has ended");
            body->place = CONTENT;
            break;
        case CONTENT: {
            size_t part = (size_t)(end - bytes) < body->rest ? (size_t)(end - bytes) : body->rest;
            take_compressed(stream, bytes, part);
            bytes += part;
            if (!(body->rest -= part)) body->place = AFTER_CONTENT;
            break;
        }
        case AFTER_CONTENT:
            if (*bytes++ == '\n') body->place = SIZE;
            break;
        }
    }
}

/// Finds what the head says of the body; returns where it begins.
static size_t read_head(Stream *stream, size_t length) {
    char *end = memmem(buffer, length, "\r\n\r\n", 4);
    if (!end) fail("a head that does not come whole: %.80s", buffer);
    end[2] = 0;
    if (!strcasestr(buffer, "\r\ncontent-encoding: gzip\r\n")) fail("not compressed: %s", buffer);
    stream->body.is_chunked = strcasestr(buffer, "\r\ntransfer-encoding: chunked\r\n");
    return end + 4 - buffer;
}

/// Reads what a stream has; returns its new events. The head ends where its status line has been seen.
static long read_stream(Stream *stream) {
    long found = 0;
    for (;;) {
        ssize_t length = read(stream->fd, buffer, sizeof buffer);
        if (length < 0 && errno == EAGAIN) break;
        if (length <= 0) fail("a stream was closed after %ld events", stream->events);
        size_t start = 0;
        if (!stream->is_open) {
            if (length < 12 || memcmp(buffer, "HTTP/1.1 200", 12)) fail("not a stream: %.80s", buffer);
            stream->is_open = true;
            if (is_gzip) start = read_head(stream, length);
        }
        if (is_gzip) take_body(stream, buffer + start, length - start);
        else found += occurrences(counted_text, &stream->matched, buffer, length);
        if ((size_t)length < sizeof buffer) break;
    }
    if (is_gzip) {
        long events = stream->events;
        while (events < common.events && common.ends[events] <= stream->offset) events++;
        found = events - stream->events;
    }
    stream->events += found;
    return found;
}

// MARK: - Publishing

// Compressed streams get texts that differ, more of them than a compressor's window holds: in earlier events there is
// nothing to refer to but the names of the fields.
enum { TEXTS = 64 };
static char *publish_requests[TEXTS];
static int publish_length, publish_count, unanswered;
static unsigned char answer_matched;

/// Fills in letters, or, for compressed streams, rows of JSON.
static void write_text(char *text, int seed) {
    memset(text, 'x', payload_bytes);
    unsigned random = 2463534242u + seed;
    for (int length = 0; is_gzip && length < payload_bytes;) {
        char row[128];
        unsigned parts[4];
        for (int i = 0; i < 4; i++) parts[i] = random ^= random << 13, random ^= random >> 17, random ^= random << 5;
        int size = snprintf(row, sizeof row, "{\"id\":%u,\"name\":\"%c%c%c%c\",\"price\":%u.%02u,\"change\":-0.%03u},",
                            parts[0] % 100000, 'A' + parts[1] % 26, 'A' + parts[1] / 26 % 26, 'A' + parts[1] / 676 % 26,
                            'A' + parts[1] / 17576 % 26, parts[2] % 1000, parts[2] / 1000 % 100, parts[3] % 1000);
        if (size > payload_bytes - length) size = payload_bytes - length;
        memcpy(text + length, row, size);
        length += size;
    }
}

static void prepare_publish(int times) {
    char count[32] = "";
    if (times > 1) snprintf(count, sizeof count, "?n=%d", times);
    for (int i = 0; i < TEXTS; i++) {
        publish_requests[i] = malloc(payload_bytes + 512);
        publish_length = sprintf(publish_requests[i],
                                 "POST %s%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: text/plain\r\n"
                                 "Content-Length: %d\r\n\r\n",
                                 publish_path, count, port, payload_bytes);
        write_text(publish_requests[i] + publish_length, i);
        publish_length += payload_bytes;
    }
    publisher = dial();
    watch(publisher, PUBLISHER);
}

static void publish(void) {
    char *request = publish_requests[publish_count++ % TEXTS];
    if (write(publisher, request, publish_length) != publish_length) fail("cannot publish");
    unanswered++;
}

/// What was published last must be the last that was inflated.
static void check_text(void) {
    char *text = publish_requests[(publish_count - 1) % TEXTS] + publish_length - payload_bytes;
    size_t tail = payload_bytes + 256;
    if (tail > common.text_length) tail = common.text_length;
    if (!memmem(common.text + common.text_length - tail, tail, text, payload_bytes)) fail("another text was published");
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
        if (is_gzip) check_text();
    } while (now() - start < seconds);
    double elapsed = now() - start;
    settle(0.1);
    qsort(latencies, count, sizeof *latencies, by_size);
    printf("{\"events_per_second\": %.0f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"publishes\": %d, "
           "\"connect_seconds\": %.3f}\n",
           (double)count * stream_count / elapsed, latencies[count / 2] * 1e3, latencies[(int)(count * 0.99)] * 1e3,
           count, connect_seconds);
}

/// Receives what comes next; an error where nothing has come for half a minute.
static long receive_more(long received, long expected, double *last) {
    long found = receive(1000, NULL);
    if (found) *last = now();
    if (now() - *last > 30) fail("%ld of %ld events", received, expected);
    return found;
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
        received += receive_more(received, expected, &last);
    }
    double elapsed = now() - start;
    settle(0.1);
    if (received != expected) fail("%ld events, and %ld were published", received, expected);
    printf("{\"events_per_second\": %.0f, \"seconds\": %.4f}\n", received / elapsed, elapsed);
}

static void run_produce(void) {
    double start = now(), last = start;
    long received = 0;
    open_stream(0);
    while (received < event_count) received += receive_more(received, event_count, &last);
    double elapsed = now() - start;
    if (received != event_count) fail("%ld events, not %d", received, event_count);
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
    long used = resident(processes);
    printf("{\"connect_seconds\": %.3f, \"resident_bytes\": %ld, \"bytes_per_stream\": %.0f, \"fan_out_ms\": %.3f, "
           "\"bytes_per_used_stream\": %.0f}\n",
           connect_seconds, after, (double)(after - before) / stream_count, latencies[2] * 1e3,
           (double)(used - before) / stream_count);
}

/// Subscribes, has one event published, and remembers its id.
static void learn_id(void) {
    char text[4096] = "";
    size_t length = 0;
    int fd = subscribe();
    for (const char *data = NULL; !data || !strstr(data, "\n\n"); data = strstr(text, counted_text)) {
        ssize_t count = read(fd, text + length, sizeof text - 1 - length);
        if (count <= 0) fail("no event: %s", text);
        // Its head is here: it is registered, or about to be.
        if (!length) settle(0.2), publish();
        text[length += count] = 0;
    }
    while (unanswered) receive(1000, NULL);
    char *id = NULL;
    for (char *next = text; (next = strstr(next, "\nid: "));) id = next += 5;
    if (!id) fail("an event without an id: %s", text);
    snprintf(last_event_id, sizeof last_event_id, "%.*s", (int)strcspn(id, "\r\n"), id);
    close(fd);
}

static void run_replay(void) {
    // Events of the server's own, such as a verdict on the id, do not count.
    counted_text = "data: x";
    prepare_publish(1);
    learn_id();
    for (int sent = 0; sent < event_count || unanswered;) {
        while (sent < event_count && unanswered < 32) publish(), sent++;
        receive(1000, NULL);
    }
    settle(0.5);
    long expected = (long)event_count * stream_count, received = 0, before = forget_peak(processes);
    double start = now(), last = start;
    for (int i = 0; i < stream_count; i++) {
        open_stream(i);
        if (i % 16 == 15) received += receive(0, NULL);
    }
    while (received < expected) {
        received += receive_more(received, expected, &last);
    }
    double elapsed = now() - start;
    settle(0.1);
    for (int i = 0; i < stream_count; i++)
        if (streams[i].events != event_count) fail("%ld events for one stream", streams[i].events);
    printf("{\"events_per_second\": %.0f, \"seconds\": %.4f, \"peak_bytes_per_stream\": %.0f}\n", received / elapsed,
           elapsed, (double)(peak(processes) - before) / stream_count);
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
    else if (!strcmp(mode, "produce")) run_produce();
    else if (!strcmp(mode, "replay")) run_replay();
    else fail("unknown mode %s", mode);
    return 0;
}
