/* One thread, poll, and a lock that it leaves only while it waits. */
#include "tests/e2e/client/relay.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/harness/harness.h"

enum { LINKS_MAX = 16, PART_BYTES = 16384, RECORD_HEADER = 5, HELD_MAX = 1 << 20, SIDES = 2 };

/* How far into which record a way has come. */
struct place {
    unsigned record;
    size_t offset;
    size_t size; /* of the record, its header included; known behind that */
};

struct link {
    bool used;
    bool scripted;
    bool struck;
    bool stalled;
    int ends[SIDES];     /* by the way that leads there: the server's, the client's */
    int copy;            /* a second connection to the server; -1: none */
    bool is_over[SIDES]; /* the end of that way was seen */
    struct place at[SIDES];
    uint8_t *held; /* what RELAY_HOLD keeps */
    size_t held_size;
    bool released;
    bool answered; /* the server has said something since the release, or hung up */
};

struct relay {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t news;
    int listener;
    int port;
    int server_port;
    int wake[2];
    bool ends;
    bool expects; /* the next connection follows the script */
    struct relay_script script;
    struct link links[LINKS_MAX];
};

/* ---- Sockets ---- */

static struct sockaddr_in loopback(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static int dial(int port)
{
    const struct sockaddr_in address = loopback(port);
    const int on = 1;
    int file = socket(AF_INET, SOCK_STREAM, 0);

    if (file >= 0 && connect(file, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(file);
        return -1;
    }
    (void)setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return file;
}

static void hang_up(int *file, bool reset)
{
    const struct linger at_once = {.l_onoff = 1};

    if (*file >= 0) {
        if (reset) {
            (void)setsockopt(*file, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        }
        (void)close(*file);
    }
    *file = -1;
}

/* Whoever does not read any more has hung up, and is seen to by reading from it. */
static void put(int file, const uint8_t *data, size_t size)
{
    while (file >= 0 && size > 0) {
        ssize_t sent = send(file, data, size, MSG_NOSIGNAL);

        if (sent <= 0) {
            return;
        }
        data += sent;
        size -= (size_t)sent;
    }
}

/* ---- One connection ---- */

static void link_close(struct link *link, bool reset)
{
    hang_up(&link->ends[RELAY_UP], reset);
    hang_up(&link->ends[RELAY_DOWN], reset);
    hang_up(&link->copy, reset);
    free(link->held);
    link->held = NULL;
    link->stalled = false;
    link->used = false;
}

static bool is_at(const struct place *place, const struct relay_script *script, bool before)
{
    if (script->where == RELAY_BEHIND) {
        return !before && place->offset == 0 && place->record == script->record + 1;
    }
    if (!before || place->record != script->record) {
        return false;
    }
    switch (script->where) {
    case RELAY_START:
        return place->offset == 0;
    case RELAY_HEADER:
        return place->offset == 2;
    case RELAY_MIDST:
        return place->offset >= RECORD_HEADER && place->offset == (place->size + RECORD_HEADER) / 2;
    case RELAY_LAST:
        return place->offset >= RECORD_HEADER && place->offset == place->size - 1;
    case RELAY_BEHIND:
        break;
    }
    return false;
}

static void advance(struct place *place, uint8_t byte)
{
    place->offset++;
    if (place->offset == RECORD_HEADER - 1) {
        place->size = (size_t)byte << 8;
    } else if (place->offset == RECORD_HEADER) {
        place->size += byte + (size_t)RECORD_HEADER;
    }
    if (place->offset >= RECORD_HEADER && place->offset == place->size) {
        *place = (struct place){.record = place->record + 1};
    }
}

/* How many of the bytes come before the script's place; all where it is not among them. */
static size_t until_place(struct link *link,
                          const struct relay_script *script,
                          enum relay_way way,
                          const uint8_t *data,
                          size_t size)
{
    bool looks = link->scripted && !link->struck && script->way == way &&
                 script->deed != RELAY_CARRY && script->deed != RELAY_DRIP &&
                 script->deed != RELAY_TWICE;

    for (size_t i = 0; i < size; i++) {
        if (looks && is_at(&link->at[way], script, true)) {
            link->struck = true;
            return i;
        }
        advance(&link->at[way], data[i]);
        if (looks && is_at(&link->at[way], script, false)) {
            link->struck = true;
            return i + 1;
        }
    }
    return size;
}

static void hold(struct link *link, const uint8_t *data, size_t size)
{
    if (link->held == NULL) {
        link->held = malloc(HELD_MAX);
    }
    if (link->held != NULL && size <= HELD_MAX - link->held_size) {
        memcpy(link->held + link->held_size, data, size);
        link->held_size += size;
    }
}

static void strike(struct relay *relay, struct link *link, const uint8_t *rest, size_t size)
{
    switch (relay->script.deed) {
    case RELAY_END:
        link_close(link, false);
        break;
    case RELAY_RESET:
        link_close(link, true);
        break;
    case RELAY_STALL:
        link->stalled = true;
        break;
    case RELAY_HALVE:
        (void)shutdown(link->ends[relay->script.way], SHUT_WR);
        break;
    case RELAY_HOLD:
        hold(link, rest, size);
        break;
    case RELAY_CARRY:
    case RELAY_DRIP:
    case RELAY_TWICE:
        break;
    }
}

static void
carry(struct relay *relay, struct link *link, enum relay_way way, const uint8_t *data, size_t size)
{
    bool drips = link->scripted && relay->script.deed == RELAY_DRIP;
    bool had_struck = link->struck;
    bool is_halved = had_struck && relay->script.deed == RELAY_HALVE && relay->script.way == way;
    size_t first = until_place(link, &relay->script, way, data, size);

    if (had_struck && relay->script.deed == RELAY_HOLD && way == RELAY_UP && !link->released) {
        hold(link, data, size);
        return;
    }
    if (is_halved) {
        return;
    }
    for (size_t i = 0; drips && i < first; i++) {
        put(link->ends[way], &data[i], 1);
    }
    if (!drips) {
        put(link->ends[way], data, first);
    }
    if (way == RELAY_UP) {
        put(link->copy, data, first);
    }
    if (link->struck && !had_struck) {
        strike(relay, link, data + first, size - first);
    }
}

/* The end of one way is the end of both, but where something is held back, or halved. */
static void end_way(struct relay *relay, struct link *link, enum relay_way way)
{
    link->is_over[way] = true;
    if (way == RELAY_DOWN) {
        link->answered = true;
    }
    if (link->struck && relay->script.deed == RELAY_HOLD && way == RELAY_UP) {
        return;
    }
    link_close(link, false);
}

static void listen_to(struct relay *relay, struct link *link, enum relay_way way)
{
    uint8_t part[PART_BYTES];
    /* What goes up comes from the client's end. */
    ssize_t size = recv(link->ends[way == RELAY_UP ? RELAY_DOWN : RELAY_UP], part, sizeof part, 0);

    if (size <= 0) {
        end_way(relay, link, way);
    } else {
        link->answered = link->answered || (way == RELAY_DOWN && link->released);
        carry(relay, link, way, part, (size_t)size);
    }
    (void)pthread_cond_broadcast(&relay->news);
}

/* The server's answers to the copy are nobody's. */
static void drain_copy(struct link *link)
{
    uint8_t part[PART_BYTES];

    if (recv(link->copy, part, sizeof part, 0) <= 0) {
        hang_up(&link->copy, false);
    }
}

static void take_connection(struct relay *relay)
{
    int client = accept(relay->listener, NULL, NULL);
    const int on = 1;
    struct link *link = relay->links;

    if (client < 0) {
        return;
    }
    while (link < relay->links + LINKS_MAX && link->used) {
        link++;
    }
    if (link == relay->links + LINKS_MAX) {
        (void)close(client);
        return;
    }
    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (relay->expects) { /* what an earlier one has counted is not this one's */
        for (size_t i = 0; i < LINKS_MAX; i++) {
            relay->links[i].scripted = false;
        }
    }
    *link = (struct link){.used = true,
                          .scripted = relay->expects,
                          .ends = {[RELAY_UP] = dial(relay->server_port), [RELAY_DOWN] = client},
                          .copy = -1};
    if (link->scripted && relay->script.deed == RELAY_TWICE) {
        link->copy = dial(relay->server_port);
    }
    relay->expects = false;
}

/* ---- The thread ---- */

enum what { WAKE, LISTENER, CLIENT_END, SERVER_END, COPY };

struct watched {
    enum what what;
    struct link *link;
};

static size_t watch(struct relay *relay, struct pollfd *files, struct watched *watched)
{
    size_t count = 0;

    files[count] = (struct pollfd){.fd = relay->wake[0], .events = POLLIN};
    watched[count++] = (struct watched){.what = WAKE};
    files[count] = (struct pollfd){.fd = relay->listener, .events = POLLIN};
    watched[count++] = (struct watched){.what = LISTENER};
    for (struct link *link = relay->links; link < relay->links + LINKS_MAX; link++) {
        const int ends[] = {link->ends[RELAY_DOWN], link->ends[RELAY_UP], link->copy};
        const bool wants[] = {!link->is_over[RELAY_UP], !link->is_over[RELAY_DOWN], true};

        for (size_t i = 0; i < 3 && link->used && !link->stalled; i++) {
            if (ends[i] >= 0 && wants[i]) {
                files[count] = (struct pollfd){.fd = ends[i], .events = POLLIN};
                watched[count++] =
                    (struct watched){.what = (enum what)(CLIENT_END + i), .link = link};
            }
        }
    }
    return count;
}

static void serve(struct relay *relay, const struct watched *watched)
{
    char byte;

    if (watched->link != NULL && !watched->link->used) {
        return; /* closed by what came just before */
    }
    switch (watched->what) {
    case WAKE:
        (void)!read(relay->wake[0], &byte, 1);
        break;
    case LISTENER:
        take_connection(relay);
        break;
    case CLIENT_END:
        listen_to(relay, watched->link, RELAY_UP);
        break;
    case SERVER_END:
        listen_to(relay, watched->link, RELAY_DOWN);
        break;
    case COPY:
        drain_copy(watched->link);
        break;
    }
}

static void *run(void *context)
{
    struct relay *relay = context;
    struct pollfd files[2 + 3 * LINKS_MAX];
    struct watched watched[2 + 3 * LINKS_MAX];

    (void)pthread_mutex_lock(&relay->lock);
    while (!relay->ends) {
        size_t count = watch(relay, files, watched);
        int ready;

        (void)pthread_mutex_unlock(&relay->lock);
        ready = poll(files, (nfds_t)count, -1);
        (void)pthread_mutex_lock(&relay->lock);
        for (size_t i = 0; i < count && ready > 0; i++) {
            if (files[i].revents != 0) {
                serve(relay, &watched[i]);
                break; /* what the others were may be gone or another's by now: look anew */
            }
        }
    }
    (void)pthread_mutex_unlock(&relay->lock);
    return NULL;
}

/* ---- From outside ---- */

static void wake(struct relay *relay)
{
    CHECK(write(relay->wake[1], "", 1) == 1);
}

struct relay *relay_open(int port)
{
    struct relay *relay = calloc(1, sizeof *relay);
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;

    CHECK(relay != NULL && pipe(relay->wake) == 0);
    relay->server_port = port;
    relay->listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(relay->listener >= 0);
    CHECK(bind(relay->listener, (const struct sockaddr *)&address, size) == 0);
    CHECK(listen(relay->listener, LINKS_MAX) == 0);
    CHECK(getsockname(relay->listener, (struct sockaddr *)&address, &size) == 0);
    relay->port = ntohs(address.sin_port);
    for (size_t i = 0; i < LINKS_MAX; i++) {
        relay->links[i] = (struct link){.ends = {-1, -1}, .copy = -1};
    }
    CHECK(pthread_mutex_init(&relay->lock, NULL) == 0);
    CHECK(pthread_cond_init(&relay->news, NULL) == 0);
    CHECK(pthread_create(&relay->thread, NULL, run, relay) == 0);
    return relay;
}

int relay_port(const struct relay *relay)
{
    return relay->port;
}

void relay_close(struct relay *relay)
{
    (void)pthread_mutex_lock(&relay->lock);
    relay->ends = true;
    (void)pthread_mutex_unlock(&relay->lock);
    wake(relay);
    CHECK(pthread_join(relay->thread, NULL) == 0);
    for (size_t i = 0; i < LINKS_MAX; i++) {
        link_close(&relay->links[i], true);
    }
    (void)close(relay->listener);
    (void)close(relay->wake[0]);
    (void)close(relay->wake[1]);
    (void)pthread_cond_destroy(&relay->news);
    (void)pthread_mutex_destroy(&relay->lock);
    free(relay);
}

void relay_play(struct relay *relay, struct relay_script script)
{
    (void)pthread_mutex_lock(&relay->lock);
    for (size_t i = 0; i < LINKS_MAX; i++) {
        link_close(&relay->links[i], true);
        relay->links[i].scripted = false;
    }
    relay->script = script;
    relay->expects = true;
    (void)pthread_mutex_unlock(&relay->lock);
    wake(relay);
}

static struct link *scripted(struct relay *relay)
{
    for (size_t i = 0; i < LINKS_MAX; i++) {
        if (relay->links[i].scripted) {
            return &relay->links[i];
        }
    }
    return NULL;
}

unsigned relay_records(struct relay *relay, enum relay_way way)
{
    const struct link *link;
    unsigned records;

    (void)pthread_mutex_lock(&relay->lock);
    link = scripted(relay);
    records = link == NULL ? 0 : link->at[way].record;
    (void)pthread_mutex_unlock(&relay->lock);
    return records;
}

bool relay_struck(struct relay *relay)
{
    const struct link *link;
    bool struck;

    (void)pthread_mutex_lock(&relay->lock);
    link = scripted(relay);
    struck = link != NULL && link->struck;
    (void)pthread_mutex_unlock(&relay->lock);
    return struck;
}

void relay_release(struct relay *relay)
{
    struct link *link;

    (void)pthread_mutex_lock(&relay->lock);
    link = scripted(relay);
    CHECK(link != NULL && link->used && link->held != NULL);
    link->released = true;
    put(link->ends[RELAY_UP], link->held, link->held_size);
    while (!link->answered) {
        (void)pthread_cond_wait(&relay->news, &relay->lock);
    }
    (void)pthread_mutex_unlock(&relay->lock);
}
