/*
 * Child processes that say by a pipe how far they have come. What was said stands in the pipe,
 * whatever becomes of the child.
 */
#ifndef TERN_KILL_CHILD_H
#define TERN_KILL_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum word {
    WORD_OPENED = 1, /* value: own transactions that the file holds */
    WORD_WROTE,      /* value: number of the transaction whose commit returned */
    WORD_SYNCED,     /* value: own transactions that the server has acknowledged */
    WORD_CODE,       /* value: the code that a sync ended with */
    WORD_DONE,       /* the child has no more to do */
    WORD_FAILED      /* value: the code of a call that nothing excuses */
};

struct said {
    uint32_t word;
    uint32_t value;
};

struct child {
    pid_t pid; /* 0: none */
    int pipe;
};

/* Runs `body` in a child; it says what it has to say into `pipe` and never returns. */
void child_start(struct child *child,
                 void (*body)(const void *context, int pipe),
                 const void *context);
void child_say(int pipe, enum word word, uint32_t value);
/* Reads what was said next. False at the end of the pipe. */
bool child_hear(struct child *child, struct said *ret_said);
/* Waits for its end, and gives its status as waitpid does. */
int child_wait(struct child *child);
/* SIGKILL, and then the rest of what it said is still to be heard. */
void child_kill(const struct child *child);

#endif
