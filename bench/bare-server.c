/*
 * What fan-out costs in C: one thread, epoll, one send() to each socket for all that one read brought.
 * Speaks just enough of WebSocket and of the protocol for bench/socket.ts: its frames are masked with zeros.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_FDS 65536
#define MAX_BYTES 65536

static struct { char *bytes; int length; int open; } peers[MAX_FDS];
static int hearers[MAX_FDS], heard_by = 0;
static char waiting[MAX_BYTES * 4];
static int waiting_length = 0;

static void write_all(int fd, const char *bytes, int length) {
  while (length > 0) {
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
    if (sent > 0) { bytes += sent; length -= sent; continue; }
    if (sent < 0 && errno == EAGAIN) { struct pollfd p = { fd, POLLOUT, 0 }; poll(&p, 1, 1000); continue; }
    if (sent < 0 && errno == EINTR) continue;
    return;
  }
}

static int frame(char *into, const char *payload, int length) {
  int head = length < 126 ? 2 : 4;
  into[0] = (char)0x81;
  if (head == 2) into[1] = (char)length;
  else { into[1] = 126; into[2] = (char)(length >> 8); into[3] = (char)length; }
  memcpy(into + head, payload, length);
  return head + length;
}

/* The value behind `"name":`, a string or a number, as far as its end. */
static int value_of(const char *json, const char *name, char *into, int room) {
  char key[64];
  snprintf(key, sizeof key, "\"%s\":", name);
  const char *at = strstr(json, key);
  if (!at) { into[0] = 0; return 0; }
  at += strlen(key);
  int length = *at == '"' ? (int)strcspn(++at, "\"") : (int)strcspn(at, ",}");
  if (length >= room) length = room - 1;
  memcpy(into, at, length);
  into[length] = 0;
  return length;
}

static void hear(int fd, const char *json) {
  char id[64], verb[64], room[64], client[64], text[4096], payload[8192], out[8200];
  value_of(json, "id", id, sizeof id);
  value_of(json, "verb", verb, sizeof verb);
  int length = snprintf(payload, sizeof payload, "{\"id\":%s,\"result\":{}}", id);
  write_all(fd, out, frame(out, payload, length));
  if (strcmp(verb, "message.post") != 0) return;
  value_of(json, "room", room, sizeof room);
  value_of(json, "clientId", client, sizeof client);
  value_of(json, "text", text, sizeof text);
  length = snprintf(payload, sizeof payload,
    "{\"event\":\"message.posted\",\"room\":\"%s\",\"message\":{\"seq\":1234,\"at\":\"2026-01-01T00:00:00.000Z\",\"author\":{\"id\":\"%s\","
    "\"kind\":\"user\",\"name\":\"user1234@example.com\",\"displayName\":\"User 1234\"},\"text\":\"%s\",\"format\":\"plain\",\"clientId\":\"%s\"}}",
    room, room, text, client);
  if (waiting_length + length + 4 < (int)sizeof waiting) waiting_length += frame(waiting + waiting_length, payload, length);
}

static void take_frames(int fd) {
  char *bytes = peers[fd].bytes;
  int at = 0, length = peers[fd].length;
  while (length - at >= 6) {
    int short_length = bytes[at + 1] & 0x7f, head = short_length < 126 ? 6 : 8;
    if (short_length == 127 || length - at < head) break;
    int size = short_length < 126 ? short_length : ((unsigned char)bytes[at + 2] << 8) | (unsigned char)bytes[at + 3];
    if (length - at < head + size) break;
    char kept = bytes[at + head + size];
    bytes[at + head + size] = 0;
    if ((bytes[at] & 0x0f) == 1) hear(fd, bytes + at + head);
    bytes[at + head + size] = kept;
    at += head + size;
  }
  memmove(bytes, bytes + at, length - at);
  peers[fd].length = length - at;
}

static void upgrade(int fd) {
  static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
  if (!memmem(peers[fd].bytes, peers[fd].length, "\r\n\r\n", 4)) return;
  peers[fd].length = 0;
  peers[fd].open = 1;
  hearers[heard_by++] = fd;
  write_all(fd, answer, sizeof answer - 1);
}

static void end(int fd) {
  for (int i = 0; i < heard_by; i++)
    if (hearers[i] == fd) { memmove(hearers + i, hearers + i + 1, (heard_by - i - 1) * sizeof *hearers); heard_by--; break; }
  free(peers[fd].bytes);
  memset(&peers[fd], 0, sizeof peers[fd]);
  close(fd);
}

static void receive(int fd) {
  if (!peers[fd].bytes) peers[fd].bytes = malloc(MAX_BYTES + 1);
  ssize_t got = recv(fd, peers[fd].bytes + peers[fd].length, MAX_BYTES - peers[fd].length, 0);
  if (got <= 0) { if (got == 0 || (errno != EAGAIN && errno != EINTR)) end(fd); return; }
  peers[fd].length += (int)got;
  if (!peers[fd].open) upgrade(fd); else take_frames(fd);
  if (peers[fd].length == 0) { free(peers[fd].bytes); peers[fd].bytes = NULL; }
  if (waiting_length == 0) return;
  for (int i = 0; i < heard_by; i++) write_all(hearers[i], waiting, waiting_length);
  waiting_length = 0;
}

int main(void) {
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  int yes = 1, door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), poller = epoll_create1(0);
  if (bind(door, (struct sockaddr *)&address, size) || listen(door, 4096)) return 1;
  getsockname(door, (struct sockaddr *)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  struct epoll_event one = { .events = EPOLLIN, .data.fd = door }, some[256];
  epoll_ctl(poller, EPOLL_CTL_ADD, door, &one);
  for (;;) {
    int count = epoll_wait(poller, some, 256, -1);
    for (int i = 0; i < count; i++) {
      if (some[i].data.fd != door) { receive(some[i].data.fd); continue; }
      int fd = accept4(door, NULL, NULL, SOCK_NONBLOCK);
      if (fd < 0) continue;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      one.events = EPOLLIN;
      one.data.fd = fd;
      epoll_ctl(poller, EPOLL_CTL_ADD, fd, &one);
    }
  }
}
