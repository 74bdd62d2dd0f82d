/* The text exposition format of Prometheus, version 0.0.4. */
#include "server/metrics.h"

void trn_metrics_count_request(struct trn_metrics *metrics, unsigned status)
{
    unsigned digit = status / 100;

    metrics->requests[digit < TRN_METRIC_STATUSES ? digit : 0]++;
}

static tern_status
head(struct trn_bytes *text, const char *name, const char *kind, const char *help)
{
    return trn_bytes_append_format(text,
                                   "# HELP ternd_%s %s\n# TYPE ternd_%s %s\n",
                                   name,
                                   help,
                                   name,
                                   kind);
}

static tern_status
counter(struct trn_bytes *text, const char *name, uint64_t value, const char *help)
{
    tern_status status = head(text, name, "counter", help);

    return status == TERN_OK
               ? trn_bytes_append_format(text, "ternd_%s %llu\n", name, (unsigned long long)value)
               : status;
}

static tern_status gauge(struct trn_bytes *text, const char *name, int64_t value, const char *help)
{
    tern_status status = head(text, name, "gauge", help);

    return status == TERN_OK
               ? trn_bytes_append_format(text, "ternd_%s %lld\n", name, (long long)value)
               : status;
}

static tern_status requests(const struct trn_metrics *metrics, struct trn_bytes *text)
{
    tern_status status =
        head(text, "requests_total", "counter", "Requests answered, by class of status.");

    for (unsigned digit = 2; digit < TRN_METRIC_STATUSES && status == TERN_OK; digit++) {
        status = trn_bytes_append_format(text,
                                         "ternd_requests_total{status=\"%uxx\"} %llu\n",
                                         digit,
                                         (unsigned long long)metrics->requests[digit]);
    }
    return status;
}

static tern_status transactions(const struct trn_metrics *metrics, struct trn_bytes *text)
{
    tern_status status =
        head(text, "transactions_total", "counter", "Transactions pushed, by verdict.");

    if (status == TERN_OK) {
        status = trn_bytes_append_format(text,
                                         "ternd_transactions_total{verdict=\"applied\"} %llu\n"
                                         "ternd_transactions_total{verdict=\"duplicate\"} %llu\n"
                                         "ternd_transactions_total{verdict=\"rejected\"} %llu\n",
                                         (unsigned long long)metrics->applied,
                                         (unsigned long long)metrics->duplicates,
                                         (unsigned long long)metrics->rejected);
    }
    return status;
}

tern_status trn_metrics_write(const struct trn_metrics *metrics, struct trn_bytes *text)
{
    const struct {
        const char *name;
        uint64_t value;
        const char *help;
    } counters[] = {
        {"rows_sent_total", metrics->rows, "Rows sent to devices."},
        {"received_bytes_total", metrics->bytes_in, "Bytes of request bodies as sent."},
        {"sent_bytes_total", metrics->bytes_out, "Bytes of answer bodies as sent."},
        {"groups_total", metrics->groups, "Group commits."},
        {"grouped_requests_total", metrics->grouped, "Requests that shared group commits."},
        {"missed_doses_total", metrics->missed, "Doses stored as missed by this server's job."},
        {"handling_microseconds_total", metrics->handling_us, "Time spent in groups."},
    };
    tern_status status = requests(metrics, text);

    if (status == TERN_OK) {
        status = transactions(metrics, text);
    }
    for (size_t index = 0; index < sizeof(counters) / sizeof(counters[0]) && status == TERN_OK;
         index++) {
        status = counter(text, counters[index].name, counters[index].value, counters[index].help);
    }
    if (status == TERN_OK) {
        status = gauge(text, "connections", metrics->connections, "Connections open now.");
    }
    if (status == TERN_OK) {
        status = gauge(text,
                       "start_time_seconds",
                       metrics->started_s,
                       "When the server started, Unix time.");
    }
    return status;
}
