/* How long one step of a connection may take in all, by a clock of the test's own. */
#include "server/peer.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/harness/harness.h"

enum { IDLE_S = 60, WHOLE_S = 10 * IDLE_S };

/* What the loop takes for the time: libevent asks here, and not the C library. */
static time_t clock_s = 1000;

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    (void)clock;
    *ret_time = (struct timespec){.tv_sec = clock_s};
    return 0;
}

struct scene {
    struct trn_settings settings;
    struct trn_listener listener;
    struct bufferevent *connection;
    int ends[2]; /* the server's and the client's */
};

static void scene_open(struct scene *scene)
{
    *scene = (struct scene){.settings = {.timeout_s = IDLE_S}, .listener = {.connections = 10}};
    scene->listener.parts.settings = &scene->settings;
    scene->listener.base = event_base_new();
    scene->listener.tls = SSL_CTX_new(TLS_server_method());
    CHECK(scene->listener.base != NULL && scene->listener.tls != NULL);
    CHECK(event_base_priority_init(scene->listener.base, PRIORITY_COUNT) == 0);
    (void)signal(SIGPIPE, SIG_IGN); /* as ternd does */
    trn_peer_prepare();
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, scene->ends) == 0);
    scene->connection = trn_peer_connect(scene->listener.base, &scene->listener);
    CHECK(scene->connection != NULL && bufferevent_setfd(scene->connection, scene->ends[0]) == 0);
    CHECK_INT(scene->listener.metrics.connections, 1);
}

static void scene_close(struct scene *scene)
{
    bufferevent_free(scene->connection);
    (void)event_base_loop(scene->listener.base, EVLOOP_NONBLOCK);
    CHECK_INT(scene->listener.metrics.connections, 0);
    (void)close(scene->ends[1]);
    SSL_CTX_free(scene->listener.tls);
    event_base_free(scene->listener.base);
}

/* Time goes by, and the loop does what is to be done by then. */
static void pass(struct scene *scene, time_t seconds)
{
    clock_s += seconds;
    for (int turn = 0; turn < 3; turn++) {
        CHECK(event_base_loop(scene->listener.base, EVLOOP_NONBLOCK) >= 0);
    }
}

/* Whether the client still has a connection. */
static bool is_open(const struct scene *scene)
{
    char byte;
    ssize_t got = recv(scene->ends[1], &byte, 1, MSG_DONTWAIT);

    CHECK(got == 0 || (got < 0 && errno == EAGAIN));
    return got < 0;
}

TEST(a_connection_that_gets_nowhere_is_cut_after_ten_times_what_it_may_be_idle)
{
    struct scene scene;

    scene_open(&scene);
    pass(&scene, WHOLE_S - 1);
    CHECK(is_open(&scene));
    pass(&scene, 1);
    CHECK(!is_open(&scene));
    scene_close(&scene);
}

TEST(a_step_that_is_done_gives_the_next_one_its_whole_time)
{
    struct scene scene;
    struct trn_peer *peer;

    scene_open(&scene);
    peer = trn_peer_of_stream(scene.connection);
    CHECK(peer != NULL);
    pass(&scene, WHOLE_S - 1);
    trn_peer_in_time(peer);
    pass(&scene, WHOLE_S - 1);
    CHECK(is_open(&scene));
    pass(&scene, 1);
    CHECK(!is_open(&scene));
    scene_close(&scene);
}

/* The timer goes with its connection. */
TEST(a_connection_that_ended_is_cut_no_more)
{
    struct scene scene;

    scene_open(&scene);
    pass(&scene, 1);
    bufferevent_free(scene.connection);
    pass(&scene, WHOLE_S);
    CHECK_INT(scene.listener.metrics.connections, 0);
    scene.connection = trn_peer_connect(scene.listener.base, &scene.listener);
    CHECK(scene.connection != NULL);
    (void)close(scene.ends[1]);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, scene.ends) == 0);
    CHECK(bufferevent_setfd(scene.connection, scene.ends[0]) == 0);
    pass(&scene, WHOLE_S - 1);
    CHECK(is_open(&scene));
    scene_close(&scene);
}
