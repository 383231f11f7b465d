#include "approvals/notices.h"

static bool held(const struct notice *notice, uint64_t seq) {
    return notice->seq < seq && (notice->withdrawn_seq == 0 || notice->withdrawn_seq >= seq);
}

uint32_t notice_line_as_known(const struct approvals *self, int32_t day, uint64_t seq) {
    uint32_t best = 0;
    int32_t best_published = INT32_MIN;
    for (uint32_t row = approvals_find_line(self, day); row != 0; row = approvals_line(self, row)->older) {
        const struct notice *notice = approvals_notice(self, approvals_line(self, row)->notice);
        if (held(notice, seq) && (best == 0 || notice->published_day > best_published)) { /* newest loaded first */
            best = row;
            best_published = notice->published_day;
        }
    }
    return best;
}

bool notice_year_as_known(const struct approvals *self, int32_t year, uint64_t seq) {
    for (uint32_t row = 1; row <= self->notices.count; row++) {
        const struct notice *notice = approvals_notice(self, row);
        for (unsigned i = 0; i < APPROVALS_NOTICE_YEARS_MAX && held(notice, seq); i++) {
            if (notice->years[i] == year) {
                return true;
            }
        }
    }
    return false;
}
