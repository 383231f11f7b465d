#include <stdio.h>

#include "base/civil.h"
#include "hl7-gateway/gateway.h"

/* What the gateway tells of itself; by feed and facility, never by anything of a message. */

static void one(struct buffer *out, const char *name, const char *type, const char *help, double value) {
    metrics_head(out, name, type, help);
    metrics_value(out, name, NULL, value);
}

static void labelled(struct buffer *out, const char *name, const char *label, const char *word, double value) {
    struct buffer labels = {0};
    metrics_label(&labels, label, word);
    metrics_value(out, name, buffer_text(&labels), value);
    buffer_release(&labels);
}

/* --- Connections ---------------------------------------------------------------------------------------------------- */

static void connection_metrics(const struct gateway *gateway, struct buffer *out) {
    const struct gateway_counters *c = &gateway->counters;
    const struct {
        const char *reason;
        uint64_t count;
    } ends[] = {{"frame_timeout", c->closed_frame_timeout}, {"idle", c->closed_idle},
                {"not_reading", c->closed_stalled},         {"broken_frame", c->closed_broken},
                {"too_large", c->closed_too_large},         {"no_room", c->closed_no_room},
                {"evicted", c->evicted},                    {"handshake", c->handshakes_failed}};
    one(out, "liancheng_mllp_connections", "gauge", "Open MLLP connections.", (double)gateway->connection_count);
    one(out, "liancheng_mllp_connections_max", "gauge", "Most that may be open.", (double)gateway->limits.connections);
    one(out, "liancheng_mllp_buffer_bytes", "gauge", "Memory that connections hold.", (double)gateway->buffer_bytes);
    one(out, "liancheng_mllp_buffer_bytes_max", "gauge", "Most that they may hold.",
        (double)gateway->limits.buffer_bytes);
    one(out, "liancheng_mllp_accepted_total", "counter", "Connections accepted.", (double)c->accepted);
    one(out, "liancheng_mllp_refused_full_total", "counter", "Connections closed at once, for there were too many.",
        (double)c->refused_full);
    one(out, "liancheng_mllp_handshakes_total", "counter", "TLS handshakes done.", (double)c->handshakes);
    metrics_head(out, "liancheng_mllp_closed_total", "counter", "Connections closed by the gateway, by reason.");
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        labelled(out, "liancheng_mllp_closed_total", "reason", ends[i].reason, (double)ends[i].count);
    }
}

static void frame_metrics(const struct gateway *gateway, struct buffer *out) {
    const struct gateway_counters *c = &gateway->counters;
    one(out, "liancheng_mllp_frames_total", "counter", "Frames received.", (double)c->frames);
    one(out, "liancheng_mllp_frame_bytes_total", "counter", "Bytes in them.", (double)c->frame_bytes);
    one(out, "liancheng_mllp_empty_frames_total", "counter", "Frames without a payload.", (double)c->empty_frames);
    one(out, "liancheng_mllp_noise_bytes_total", "counter", "Bytes outside of frames.", (double)c->noise_bytes);
    one(out, "liancheng_mllp_answers_total", "counter", "Answers given.", (double)c->answers);
    one(out, "liancheng_hl7_unreadable_total", "counter", "Frames whose MSH could not be read.",
        (double)c->unreadable);
    one(out, "liancheng_hl7_no_feed_total", "counter", "Messages of senders that no feed describes.",
        (double)c->no_feed);
    one(out, "liancheng_hl7_wrong_certificate_total", "counter",
        "Messages that came with another certificate than their feed's.", (double)c->wrong_certificate);
}

/* --- Spool and registry --------------------------------------------------------------------------------------------- */

static void spool_metrics(const struct gateway *gateway, struct buffer *out) {
    struct spool_counters spool = spool_counters(gateway->spool);
    double oldest_s = spool.oldest_pending_ms == 0 ? 0 : (double)(clock_unix_ms() - spool.oldest_pending_ms) / 1e3;
    one(out, "liancheng_spool_messages", "gauge", "Messages in the spool.", (double)spool.entries);
    one(out, "liancheng_spool_waiting", "gauge", "Messages without the registry's verdict.", (double)spool.pending);
    one(out, "liancheng_spool_oldest_waiting_seconds", "gauge", "Age of the oldest of them.",
        oldest_s < 0 ? 0 : oldest_s);
    one(out, "liancheng_spool_bytes", "gauge", "Size of the spool's file.", (double)spool.file_bytes);
    one(out, "liancheng_spool_stored_total", "counter", "Messages stored.", (double)gateway->counters.stored);
    one(out, "liancheng_spool_commits_total", "counter", "Transactions, each with one fsync.", (double)spool.commits);
    one(out, "liancheng_spool_commit_seconds_total", "counter", "Time of these transactions.",
        (double)spool.commit_ns / 1e9);
    one(out, "liancheng_spool_failed_total", "counter", "Transactions that failed: their messages got AR 207.",
        (double)gateway->counters.turns_failed);
    one(out, "liancheng_spool_full_total", "counter", "Messages that got AR 207 for want of room.",
        (double)gateway->counters.spool_full);
    one(out, "liancheng_spool_failing", "gauge", "1 while the spool cannot be written.", gateway->spool_is_failing);
}

static void relay_metrics(const struct gateway *gateway, struct buffer *out) {
    struct relay_counters relay = relay_counters(gateway);
    one(out, "liancheng_relay_sent_total", "counter", "Commands given to the registry.", (double)relay.sent);
    metrics_head(out, "liancheng_relay_verdicts_total", "counter", "Verdicts of the registry.");
    labelled(out, "liancheng_relay_verdicts_total", "result", "accepted", (double)relay.accepted);
    labelled(out, "liancheng_relay_verdicts_total", "result", "duplicate", (double)relay.duplicates);
    labelled(out, "liancheng_relay_verdicts_total", "result", "refused", (double)relay.refused);
    one(out, "liancheng_relay_refused_late_total", "counter",
        "Messages refused after a positive answer: see ListUndelivered.", (double)relay.refused_late);
    one(out, "liancheng_relay_expired_total", "counter", "Answers given without a verdict, as it did not come in time.",
        (double)relay.expired);
    one(out, "liancheng_relay_queued", "gauge", "Messages to be sent to the registry.", (double)relay.queued);
    one(out, "liancheng_relay_without_feed", "gauge", "Messages in the spool whose feed is not configured.",
        (double)relay.unroutable);
    one(out, "liancheng_relay_facilities", "gauge", "Facilities with a connection of their own to the registry.",
        (double)relay.facilities);
    one(out, "liancheng_relay_facilities_away", "gauge", "Those the registry left without an answer.",
        (double)relay.away);
    one(out, "liancheng_relay_facilities_broken", "gauge", "Those whose key cannot be used.", (double)relay.broken);
}

/* --- Feeds ---------------------------------------------------------------------------------------------------------- */

static const struct {
    enum tally tally;
    const char *name, *help;
} tallies[] = {
    {TALLY_MESSAGES, "liancheng_feed_messages_total", "Messages of a feed."},
    {TALLY_DUPLICATES, "liancheng_feed_duplicates_total", "Messages that came again."},
    {TALLY_CONTROL_IDS_REUSED, "liancheng_feed_control_ids_reused_total", "Other messages under a control id used before."},
    {TALLY_CHARSET_MISMATCHES, "liancheng_feed_charset_mismatches_total", "Messages in another charset than declared."},
    {TALLY_CHARSET_UNDECLARED, "liancheng_feed_charset_undeclared_total", "Messages that declare no charset known."},
    {TALLY_VISIT_NUMBERS_MISSING, "liancheng_feed_visit_numbers_missing_total", "Messages without a visit number."},
    {TALLY_LATE, "liancheng_feed_late_total", "Messages recorded more than a day before they came."},
    {TALLY_CANCELLATIONS, "liancheng_feed_cancellations_total", "Cancellations."},
    {TALLY_RESIDENT_IDS_INVALID, "liancheng_feed_resident_ids_invalid_total", "Identity numbers that fail their check."},
    {TALLY_CLASSES_UNMAPPED, "liancheng_feed_classes_unmapped_total", "Patient classes that no alias maps."},
    {TALLY_REMNANTS, "liancheng_feed_remnants_total", "Frames cut off by a new one."},
    {TALLY_ENDS_WITHOUT_RETURN, "liancheng_feed_ends_without_return_total", "Frames without a carriage return at the end."},
    {TALLY_LINE_FEEDS, "liancheng_feed_line_feeds_total", "Messages with line feeds between segments."},
};

static void feed_tally(const struct gateway *gateway, struct buffer *out, size_t row) {
    metrics_head(out, tallies[row].name, "counter", tallies[row].help);
    for (size_t i = 0; i < conformance_feed_count(gateway); i++) {
        const struct feed *feed = conformance_feed_at(gateway, i);
        if (feed->is_configured) {
            labelled(out, tallies[row].name, "feed", feed->name, (double)feed->totals[tallies[row].tally]);
        }
    }
}

static void feed_answers(const struct feed *feed, struct buffer *out) {
    for (size_t tally = TALLY_COUNT; tally < TALLIES; tally++) {
        if (feed->totals[tally] > 0) {
            struct buffer labels = {0};
            char code[16];
            snprintf(code, sizeof code, "%u", conformance_answer_code(tally));
            metrics_label(&labels, "feed", feed->name);
            metrics_label(&labels, "answer", conformance_answer_text(tally));
            metrics_label(&labels, "code", code);
            metrics_value(out, "liancheng_feed_answers_total", buffer_text(&labels), (double)feed->totals[tally]);
            buffer_release(&labels);
        }
    }
}

static void feed_metrics(const struct gateway *gateway, struct buffer *out) {
    for (size_t row = 0; row < sizeof tallies / sizeof tallies[0]; row++) {
        feed_tally(gateway, out, row);
    }
    metrics_head(out, "liancheng_feed_answers_total", "counter", "Answers by MSA-1 and the code of HL7 table 0357.");
    for (size_t i = 0; i < conformance_feed_count(gateway); i++) {
        feed_answers(conformance_feed_at(gateway, i), out);
    }
    metrics_head(out, "liancheng_feed_waiting", "gauge", "Messages of a feed without the registry's verdict.");
    for (size_t i = 0; i < conformance_feed_count(gateway); i++) {
        const struct feed *feed = conformance_feed_at(gateway, i);
        labelled(out, "liancheng_feed_waiting", "feed", feed->name, (double)feed->waiting);
    }
    metrics_head(out, "liancheng_feed_last_message_seconds", "gauge", "Unix time of a feed's last message; 0: none.");
    for (size_t i = 0; i < conformance_feed_count(gateway); i++) {
        const struct feed *feed = conformance_feed_at(gateway, i);
        labelled(out, "liancheng_feed_last_message_seconds", "feed", feed->name, (double)feed->last_message_ms / 1e3);
    }
}

void gateway_metrics(void *user, struct buffer *out) {
    const struct gateway *gateway = user;
    connection_metrics(gateway, out);
    frame_metrics(gateway, out);
    spool_metrics(gateway, out);
    relay_metrics(gateway, out);
    feed_metrics(gateway, out);
    gateway_desk_metrics(gateway, out);
}
