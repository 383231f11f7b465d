#include "base/check.h"
#include "ctl/city_approvals_internal.h"

/* Holiday notices of the State Council for 2019 to 2021, as they were published. */

enum { NEW_YEAR, SPRING, QINGMING, LABOUR, DRAGON_BOAT, MID_AUTUMN, NATIONAL, NATIONAL_AND_MID_AUTUMN };

const char *city_holiday_name(size_t name) {
    static const char *const names[] = {
        [NEW_YEAR] = "元旦",     [SPRING] = "春节",     [QINGMING] = "清明节", [LABOUR] = "劳动节", [DRAGON_BOAT] = "端午节",
        [MID_AUTUMN] = "中秋节", [NATIONAL] = "国庆节", [NATIONAL_AND_MID_AUTUMN] = "国庆节、中秋节",
    };
    CHECK(name < sizeof(names) / sizeof(names[0]));
    return names[name];
}

#define OFF true
#define WORK false
static const struct city_notice_run of_2019[] = {
    {2018, 12, 29, 29, WORK, NEW_YEAR}, {2018, 12, 30, 31, OFF, NEW_YEAR},   {2019, 1, 1, 1, OFF, NEW_YEAR},
    {2019, 2, 2, 3, WORK, SPRING},      {2019, 2, 4, 10, OFF, SPRING},       {2019, 4, 5, 5, OFF, QINGMING},
    {2019, 5, 1, 1, OFF, LABOUR},       {2019, 6, 7, 7, OFF, DRAGON_BOAT},   {2019, 9, 13, 13, OFF, MID_AUTUMN},
    {2019, 9, 29, 29, WORK, NATIONAL},  {2019, 10, 1, 7, OFF, NATIONAL},     {2019, 10, 12, 12, WORK, NATIONAL},
};
static const struct city_notice_run labour_2019[] = {
    {2019, 4, 28, 28, WORK, LABOUR}, {2019, 5, 1, 4, OFF, LABOUR}, {2019, 5, 5, 5, WORK, LABOUR},
};
static const struct city_notice_run of_2020[] = {
    {2020, 1, 1, 1, OFF, NEW_YEAR},
    {2020, 1, 19, 19, WORK, SPRING},
    {2020, 1, 24, 30, OFF, SPRING},
    {2020, 2, 1, 1, WORK, SPRING},
    {2020, 4, 4, 6, OFF, QINGMING},
    {2020, 4, 26, 26, WORK, LABOUR},
    {2020, 5, 1, 5, OFF, LABOUR},
    {2020, 5, 9, 9, WORK, LABOUR},
    {2020, 6, 25, 27, OFF, DRAGON_BOAT},
    {2020, 6, 28, 28, WORK, DRAGON_BOAT},
    {2020, 9, 27, 27, WORK, NATIONAL_AND_MID_AUTUMN},
    {2020, 10, 1, 8, OFF, NATIONAL_AND_MID_AUTUMN},
    {2020, 10, 10, 10, WORK, NATIONAL_AND_MID_AUTUMN},
};
static const struct city_notice_run spring_2020[] = {
    {2020, 1, 31, 31, OFF, SPRING}, {2020, 2, 1, 2, OFF, SPRING}, {2020, 2, 3, 3, WORK, SPRING}};
static const struct city_notice_run of_2021[] = {
    {2021, 1, 1, 3, OFF, NEW_YEAR},      {2021, 2, 7, 7, WORK, SPRING},        {2021, 2, 11, 17, OFF, SPRING},
    {2021, 2, 20, 20, WORK, SPRING},     {2021, 4, 3, 5, OFF, QINGMING},       {2021, 4, 25, 25, WORK, LABOUR},
    {2021, 5, 1, 5, OFF, LABOUR},        {2021, 5, 8, 8, WORK, LABOUR},        {2021, 6, 12, 14, OFF, DRAGON_BOAT},
    {2021, 9, 18, 18, WORK, MID_AUTUMN}, {2021, 9, 19, 21, OFF, MID_AUTUMN},   {2021, 9, 26, 26, WORK, NATIONAL},
    {2021, 10, 1, 7, OFF, NATIONAL},     {2021, 10, 9, 9, WORK, NATIONAL},
};

#define RUNS(runs) runs, sizeof(runs) / sizeof((runs)[0])
static const struct city_notice notices[] = {
    {"2019-A", 2019, {2018, 12, 6}, RUNS(of_2019)},      {"2019-B", 2019, {2019, 3, 22}, RUNS(labour_2019)},
    {"2020-A", 2020, {2019, 11, 21}, RUNS(of_2020)},     {"2020-B", 2020, {NOTICE_MOVED_DAY}, RUNS(spring_2020)},
    {"2021-A", 2021, {2020, 11, 25}, RUNS(of_2021)},
};
#define NOTICES (sizeof(notices) / sizeof(notices[0]))

size_t city_notice_count(void) {
    return NOTICES;
}

const struct city_notice *city_notice(size_t number) {
    CHECK(number < NOTICES);
    return &notices[number];
}

static int32_t notice_day(const struct city_notice *notice) {
    return civil_day_from_date(notice->published[0], notice->published[1], notice->published[2]);
}

static void fill_run(const struct city_notice_run *run, struct city_notice_message *message) {
    for (unsigned number = run->first; number <= run->last; number++) {
        const size_t i = message->load.n_days++;
        CHECK(i < CITY_NOTICE_DAYS_MAX);
        Common__V1__NoticeDay *day = &message->days[i];
        common__v1__notice_day__init(day);
        day->day = (uint32_t)civil_day_from_date(run->year, run->month, number);
        day->off = run->is_off;
        day->name = (char *)(uintptr_t)city_holiday_name(run->name);
        message->list[i] = day;
    }
}

Common__V1__LoadNotice *city_notice_fill(size_t number, struct city_notice_message *message) {
    const struct city_notice *notice = city_notice(number);
    Common__V1__LoadNotice *load = &message->load;
    common__v1__load_notice__init(load);
    load->notice = (char *)(uintptr_t)notice->name;
    load->published_day = (uint32_t)notice_day(notice);
    message->years[0] = notice->year;
    load->years = message->years;
    load->n_years = 1;
    load->days = message->list;
    for (size_t i = 0; i < notice->run_count; i++) {
        fill_run(&notice->runs[i], message);
    }
    return load;
}

/* --- Workdays ---------------------------------------------------------------------------------------------------------------- */

#define FIRST_YEAR 2018
#define DAYS (4 * 366)

/* The last notice that names the day says it, else the weekday. */
static bool look_up(int32_t day, int32_t known_on) {
    const struct civil_date date = civil_date_from_day(day);
    for (size_t i = NOTICES; i-- > 0;) {
        for (size_t k = 0; notice_day(&notices[i]) <= known_on && k < notices[i].run_count; k++) {
            const struct city_notice_run *run = &notices[i].runs[k];
            if (run->year == date.year && run->month == date.month && run->first <= date.day && date.day <= run->last) {
                return !run->is_off;
            }
        }
    }
    return (day + 3) % 7 < 5; /* 1970-01-01 was a Thursday */
}

bool city_is_workday(int32_t day, int32_t known_on) {
    static bool is_filled, work[2][DAYS]; /* as first said, as later known */
    const int32_t first = civil_day_from_date(FIRST_YEAR, 1, 1);
    const int32_t moved = civil_day_from_date(NOTICE_MOVED_DAY);
    if (!is_filled) {
        for (int32_t i = 0; i < DAYS; i++) {
            work[0][i] = look_up(first + i, moved - 1);
            work[1][i] = look_up(first + i, CITY_KNOWS_ALL);
        }
        /* What the first notice of a later year says changes no day of an earlier one. */
        for (int32_t i = 0; i < DAYS; i++) {
            if (first + i > civil_day_from_date(2020, 12, 31)) {
                work[0][i] = work[1][i];
            }
        }
        is_filled = true;
    }
    CHECK(day >= first && day < first + DAYS);
    return work[known_on >= moved][day - first];
}

int32_t city_nth_workday(int32_t day, uint32_t n) {
    while (n > 0) {
        n -= city_is_workday(++day, CITY_KNOWS_ALL);
    }
    return day;
}

int32_t city_horizon(int32_t day) {
    int32_t year = 0;
    for (size_t i = 0; i < NOTICES; i++) {
        if (notice_day(&notices[i]) < day && notices[i].year > year) {
            year = notices[i].year;
        }
    }
    return civil_day_from_date(year, 12, 31);
}
