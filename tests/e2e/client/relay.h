/*
 * A TCP relay on loopback before a real server, which does to one connection what a script says:
 * ends it, resets it, stalls it, halves it, hands it over byte by byte, or twice.
 *
 * It carries TLS and cannot read it, but it sees where records begin and end; a place in a
 * connection is named by the record and by how far into it. One thread of its own carries all.
 */
#ifndef TRN_TESTS_E2E_RELAY_H
#define TRN_TESTS_E2E_RELAY_H

#include <stdbool.h>
#include <stddef.h>

enum relay_way { RELAY_UP, RELAY_DOWN }; /* to the server, to the client */

enum relay_where {
    RELAY_START,  /* before the record's first byte */
    RELAY_HEADER, /* behind two bytes of it */
    RELAY_MIDST,
    RELAY_LAST, /* before its last byte */
    RELAY_BEHIND
};

enum relay_deed {
    RELAY_CARRY, /* everything, as it comes */
    RELAY_END,   /* both sides see the end */
    RELAY_RESET, /* both sides see a reset */
    RELAY_STALL, /* nothing is carried any more, and nobody is told */
    RELAY_HALVE, /* the receiver sees the end; the other way goes on */
    RELAY_HOLD,  /* what follows is kept until relay_release, whatever the client does */
    RELAY_DRIP,  /* everything, byte by byte */
    RELAY_TWICE  /* a second connection brings the server the same bytes */
};

struct relay_script {
    enum relay_deed deed;
    enum relay_way way;
    unsigned record; /* of that way, from 0 */
    enum relay_where where;
};

struct relay;

/* Listens, and carries to `port`. */
struct relay *relay_open(int port);
void relay_close(struct relay *relay);
int relay_port(const struct relay *relay);

/* Forgets all connections, resetting those that are left, and what was counted. The next one that
 * is made follows the script; those after it are carried. */
void relay_play(struct relay *relay, struct relay_script script);
/* Records carried so far in the connection that followed the script. */
unsigned relay_records(struct relay *relay, enum relay_way way);
/* Whether its place was reached. */
bool relay_struck(struct relay *relay);
/* Hands over what was held, and waits until the server has answered it, or hung up. */
void relay_release(struct relay *relay);

#endif
