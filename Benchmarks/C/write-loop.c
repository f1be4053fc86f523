// The limit: one thread that writes every event to every stream, one `write` after the other. Nothing is checked, no
// limit is kept, and a slow reader stops everyone. What subscribes to /compressed has a compressor of its own: the limit
// of servers that compress each client's stream for itself. write-loop PORT
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

enum { MAX_STREAMS = 20000, MAX_REQUEST = 65536, MAX_FRAME = 4096 };

typedef struct {
    int fd;
    // NULL for a stream that is not compressed.
    z_stream *compressor;
} Stream;

static Stream streams[MAX_STREAMS];
static int stream_count;

static void answer(int fd, const char *text) {
    char response[256];
    int length = snprintf(response, sizeof response,
                          "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
                          strlen(text), text);
    if (write(fd, response, length) < 0) perror("write");
}

static void send_frame(Stream *stream, const char *frame, int size) {
    char compressed[MAX_FRAME + 256];
    z_stream *compressor = stream->compressor;
    if (compressor) {
        compressor->next_in = (void *)frame;
        compressor->avail_in = size;
        compressor->next_out = (void *)compressed;
        compressor->avail_out = sizeof compressed;
        deflate(compressor, Z_SYNC_FLUSH);
        frame = compressed;
        size = sizeof compressed - compressor->avail_out;
    }
    if (write(stream->fd, frame, size) < 0) perror("write");
}

static void subscribe(int fd, int is_compressed) {
    if (stream_count == MAX_STREAMS) return;
    char head[256];
    int size = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n%s\r\n",
                        is_compressed ? "Content-Encoding: gzip\r\n" : "");
    if (write(fd, head, size) < 0) return;
    Stream *stream = &streams[stream_count++];
    *stream = (Stream){.fd = fd};
    if (is_compressed) {
        stream->compressor = calloc(1, sizeof *stream->compressor);
        // As servers do: a gzip header, the usual level, window and memory.
        deflateInit2(stream->compressor, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    }
    send_frame(stream, ":\n\n", 3);
}

static void publish(const char *text, int length, int count) {
    char frame[MAX_FRAME];
    int size = snprintf(frame, sizeof frame, "event: message\ndata: %.*s\n\n", length, text);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < stream_count; j++) send_frame(&streams[j], frame, size);
}

static void forget(int fd) {
    for (int i = 0; i < stream_count; i++)
        if (streams[i].fd == fd) {
            if (streams[i].compressor) deflateEnd(streams[i].compressor), free(streams[i].compressor);
            streams[i] = streams[--stream_count];
            break;
        }
    close(fd);
}

/// One read holds a whole request, or whole pipelined publishes.
static void serve(int fd) {
    static char request[MAX_REQUEST];
    ssize_t length = read(fd, request, sizeof request - 1);
    if (length <= 0) return forget(fd);
    request[length] = 0;
    if (!strncmp(request, "GET /events", 11)) return subscribe(fd, 0);
    if (!strncmp(request, "GET /compressed", 15)) return subscribe(fd, 1);
    if (!strncmp(request, "GET ", 4)) return answer(fd, "Hello, World!");
    for (char *post = request; (post = strstr(post, "POST "));) {
        char *body = strstr(post, "\r\n\r\n");
        if (!body) return;
        body += 4;
        char *next = strstr(body, "POST ");
        char *count = strstr(post, "?n=");
        int times = count && count < body ? atoi(count + 3) : 1;
        publish(body, (int)(next ? next - body : request + length - body), times);
        answer(fd, "ok");
        post = body;
    }
}

int main(int argc, char **argv) {
    if (argc < 2) return fprintf(stderr, "usage: write-loop PORT\n"), 2;
    int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    inet_aton("127.0.0.1", &address.sin_addr);
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) return perror("listen"), 1;
    int poller = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd != listener) {
                serve(events[i].data.fd);
                continue;
            }
            int fd = accept(listener, NULL, NULL);
            if (fd < 0) continue;
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            event = (struct epoll_event){.events = EPOLLIN, .data.fd = fd};
            epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
        }
    }
}
