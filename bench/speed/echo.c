/* A FastAGI "server" that does as little as the protocol allows: it reads until the environment's empty line, then
 * sends one command after the other, each once the reply to the one before is there, and closes. It parses nothing.
 * Usage: echo COMMANDS LINE PORT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 65536 };
static char command[256];
static int commands, length;

struct call {
    int sent;
    char last[2];
};

static struct call *calls[MOST];

static void end(int fd) {
    free(calls[fd]);
    calls[fd] = NULL;
    close(fd);
}

/* Sends the next command, or closes after the last reply. */
static void next(int fd) {
    if (calls[fd]->sent++ == commands)
        end(fd);
    else if (send(fd, command, (size_t)length, MSG_NOSIGNAL) < 0)
        end(fd);
}

static void read_from(int fd) {
    char data[8192];
    ssize_t size = read(fd, data, sizeof data);
    struct call *call = calls[fd];
    if (size <= 0) {
        if (size < 0 && errno == EAGAIN)
            return;
        end(fd);
        return;
    }
    if (call->sent) {
        if (data[size - 1] == '\n')
            next(fd);
        return;
    }
    char before = size > 1 ? data[size - 2] : call->last[1];
    call->last[1] = data[size - 1];
    if (before == '\n' && data[size - 1] == '\n')
        next(fd);
}

int main(int count, char **arguments) {
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1, queue = epoll_create1(0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (count != 4)
        return 2;
    commands = atoi(arguments[1]);
    length = snprintf(command, sizeof command, "%s\n", arguments[2]);
    if (length >= (int)sizeof command)
        return 2;
    address.sin_port = htons((unsigned short)atoi(arguments[3]));
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listening, (struct sockaddr *)&address, sizeof address) || listen(listening, 1024)) {
        perror("echo");
        return 1;
    }
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = listening}, events[256];
    epoll_ctl(queue, EPOLL_CTL_ADD, listening, &wanted);
    for (;;) {
        int ready = epoll_wait(queue, events, 256, -1);
        for (int each = 0; each < ready; each++) {
            int fd = events[each].data.fd;
            if (fd != listening) {
                if (calls[fd])
                    read_from(fd);
                continue;
            }
            while ((fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                if (fd >= MOST) {
                    close(fd);
                    continue;
                }
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                calls[fd] = calloc(1, sizeof(struct call));
                wanted.data.fd = fd;
                epoll_ctl(queue, EPOLL_CTL_ADD, fd, &wanted);
            }
        }
    }
}
