/** Looks into the server's file from outside, as anybody with sqlite3 could. */
#ifndef DEMO_SAMPLE_H
#define DEMO_SAMPLE_H

struct demo_world;

/** Notes the server's number of each row as it is now, and how large the write-ahead logs are. */
void demo_sample(struct demo_world *world);

#endif
