/* Plays Asterisk for FastAGI servers: call after call, so many at one time, each command answered at once. It takes so
 * little itself that the server is the limit, and never sleeps: whoever sends to one that sleeps takes the time to wake
 * it, for each command where the server is slow and hardly ever where it is quick. A server that is wrong ends it with
 * a message and 1.
 *
 * Usage: asterisk PORT SECONDS AT_ONCE CALLERS KEYS COMMANDS LINE < ENVIRONMENT
 *
 * In the environment {number} becomes the number of the call in eight digits and {caller} one of CALLERS in four. KEYS are
 * pressed one at each wait for a key, the last again and again. A call has to have COMMANDS times LINE; where COMMANDS
 * is 0 it may have any, and has failed where LINE was in none of them. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_AT_ONCE = 1024, LONGEST = 8192, SILENCE = 30 };

struct call {
    int fd, commands, found;
    size_t size;
    double begun;
    const char *key;
    char line[LONGEST];
};

static const char *verbs[] = {"ANSWER",       "CHANNEL STATUS", "EXEC",    "GET VARIABLE",   "NOOP",
                              "SET VARIABLE", "STREAM FILE",    "VERBOSE", "WAIT FOR DIGIT", NULL};
static struct call calls[MOST_AT_ONCE];
static struct sockaddr_in server = {.sin_family = AF_INET};
static char environment[LONGEST];
static const char *keys, *wanted;
static int callers, expected, queue, open_now;
static long begun, done, failed, commands;
static double *took;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Writes the environment of the next call into `text`, which has room for twice as much; its length. */
static size_t next_environment(char *text) {
    char *to = text;
    begun++;
    for (const char *from = environment; *from;) {
        if (!strncmp(from, "{number}", 8)) {
            to += sprintf(to, "%08ld", begun);
            from += 8;
        } else if (!strncmp(from, "{caller}", 8)) {
            to += sprintf(to, "%04ld", begun % callers);
            from += 8;
        } else {
            *to++ = *from++;
        }
    }
    return (size_t)(to - text);
}

/* What cannot be sent any more was for a call that has ended, which is seen when it is read from. */
static void put(const struct call *call, const char *data, size_t size) {
    if (send(call->fd, data, size, MSG_NOSIGNAL) < 0)
        return;
}

static void begin(struct call *call) {
    char text[2 * LONGEST];
    int yes = 1;
    struct epoll_event readable = {.events = EPOLLIN, .data.ptr = call};
    call->fd = socket(AF_INET, SOCK_STREAM, 0);
    call->commands = call->found = 0;
    call->size = 0;
    call->key = keys;
    call->begun = now();
    setsockopt(call->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(call->fd, (struct sockaddr *)&server, sizeof server))
        err(1, "nobody takes a call");
    epoll_ctl(queue, EPOLL_CTL_ADD, call->fd, &readable);
    open_now++;
    put(call, text, next_environment(text));
}

static void end(struct call *call) {
    if (call->size)
        errx(1, "a call ended in the middle of a command");
    if (expected && call->commands != expected)
        errx(1, "a call had %d commands in place of %d", call->commands, expected);
    if ((done & (done - 1)) == 0 && !(took = realloc(took, (size_t)(done ? 2 * done : 1) * sizeof *took)))
        err(1, "times of %ld calls", done);
    took[done++] = now() - call->begun;
    failed += !call->found;
    commands += call->commands;
    close(call->fd);
    open_now--;
}

/* Answers the command in `line`, which ends with a zero in place of its line feed. */
static void answer(struct call *call) {
    char told[32] = "200 result=1\n";
    const char **verb = verbs;
    while (*verb && strncmp(call->line, *verb, strlen(*verb)))
        verb++;
    if (!*verb || (expected && strcmp(call->line, wanted)))
        errx(1, "a command that was not to be expected: %s", call->line);
    call->commands++;
    call->found |= strstr(call->line, wanted) != NULL;
    if (!strcmp(*verb, "STREAM FILE"))
        strcpy(told, "200 result=0 endpos=8000\n");
    else if (!strcmp(*verb, "GET VARIABLE"))
        strcpy(told, "200 result=0\n");
    else if (!strcmp(*verb, "WAIT FOR DIGIT")) {
        sprintf(told, "200 result=%d\n", *call->key);
        call->key += call->key[1] != 0;
    }
    put(call, told, strlen(told));
}

/* One command at a time, since Asterisk would not see a second one in the same packet. */
static int read_from(struct call *call) {
    ssize_t size = recv(call->fd, call->line + call->size, LONGEST - call->size, 0);
    char *line_end;
    if (size <= 0)
        return 0;
    call->size += (size_t)size;
    line_end = memchr(call->line, '\n', call->size);
    if (line_end) {
        if (line_end != call->line + call->size - 1)
            errx(1, "two commands at one time");
        *line_end = 0;
        call->size = 0;
        answer(call);
    }
    if (call->size == LONGEST)
        errx(1, "a command that Asterisk would cut");
    return 1;
}

static int by_length(const void *one, const void *other) {
    double difference = *(const double *)one - *(const double *)other;
    return (difference > 0) - (difference < 0);
}

static void tell(double seconds) {
    qsort(took, (size_t)done, sizeof *took, by_length);
    printf("{\"calls\": %ld, \"failed\": %ld, \"seconds\": %.6f, \"commands\": %.3f, \"p50\": %.4f, \"p99\": %.4f}\n",
           done, failed, seconds, (double)commands / (double)done, took[done / 2] * 1000,
           took[done * 99 / 100] * 1000);
}

int main(int count, char **given) {
    struct epoll_event events[MOST_AT_ONCE];
    if (count != 8)
        errx(2, "PORT SECONDS AT_ONCE CALLERS KEYS COMMANDS LINE");
    int at_once = atoi(given[3]);
    double from = now(), until = from + atof(given[2]), last = from;
    server.sin_port = htons((unsigned short)atoi(given[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    callers = atoi(given[4]);
    keys = given[5];
    expected = atoi(given[6]);
    wanted = given[7];
    if (at_once < 1 || at_once > MOST_AT_ONCE || callers < 1 || !*keys)
        errx(2, "1 to %d calls at one time, callers and a key", MOST_AT_ONCE);
    environment[fread(environment, 1, LONGEST - 1, stdin)] = 0;
    queue = epoll_create1(0);
    while (open_now < at_once)
        begin(&calls[open_now]);
    while (open_now) {
        int ready = epoll_wait(queue, events, MOST_AT_ONCE, 0);
        if (ready < 0)
            err(1, "no events");
        if (ready)
            last = now();
        else if (now() > last + SILENCE)
            errx(1, "the server has said nothing for %d seconds", SILENCE);
        for (int each = 0; each < ready; each++) {
            struct call *call = events[each].data.ptr;
            if (read_from(call))
                continue;
            end(call);
            if (now() < until)
                begin(call);
        }
    }
    tell(now() - from);
    return 0;
}
