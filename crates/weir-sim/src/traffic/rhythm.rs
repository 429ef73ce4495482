//! When people and programs call: hours of the week, sessions, think times.
//!
//! A quiet account is not a thinned busy one. It comes in sessions: a start
//! drawn from its own hours of the week, then exchanges with think times
//! between them. With a folder of real arrival processes the hours are those
//! of real clients, and the think times those of real conversations; without
//! one both are from stated distributions.

mod load;

use std::path::Path;

use super::corpus::DataError;
use crate::random::{SeededRandom, millis};

/// Milliseconds of an hour, a day and a week.
pub(in crate::traffic) const HOUR: i64 = 3_600_000;
pub(in crate::traffic) const DAY: i64 = 24 * HOUR;

/// How much is done in each hour of a week, Monday first, with mean 1.
type Week = [f32; 168];

/// Hours of the week and think times to draw from.
#[derive(Debug)]
pub struct Arrivals {
    weeks: Vec<Week>,
    /// Weeks of people come first, those of programs after.
    people: usize,
    /// Think times in seconds, sorted: equally likely each.
    think: Vec<f32>,
    /// Tokens of real answers, sorted.
    answers: Vec<u32>,
    origin: String,
    /// By client, the share of its busiest eight hours of the day.
    busiest: Vec<f64>,
}

impl Arrivals {
    /// From stated distributions alone: hours as bumps around a habit, think
    /// times log-normal with a median of 95 s and a spread of 1.0.
    #[must_use]
    pub fn built_in() -> Self {
        let mut random = SeededRandom::new(0x7765_656b);
        let weeks = invented_weeks(&mut random);
        let people = weeks.len() - MACHINE_WEEKS;
        let mut think: Vec<f32> = (0..1024).map(|_| narrow(random.around(95.0, 1.0).clamp(3.0, 3_000.0))).collect();
        think.sort_by(f32::total_cmp);
        let mut answers: Vec<u32> =
            (0..1024).map(|_| crate::random::whole(random.around(180.0, 0.9)).clamp(4, 4_000)).collect();
        answers.sort_unstable();
        Self { weeks, people, think, answers, origin: "built-in".to_owned(), busiest: Vec::new() }
    }

    /// From a folder of real arrival processes, read in place, but for files of
    /// the names `without`, told without their ending. For what is not there the
    /// stated distributions stand.
    ///
    /// # Errors
    /// [`DataError`] when a file in it cannot be read.
    pub fn from_folder(folder: &Path, without: &[String]) -> Result<Self, DataError> {
        let mut arrivals = Self::built_in();
        let read = load::arrivals(folder, without)?;
        let mut origin = Vec::new();
        if read.weeks.len() >= 10 {
            origin.push(format!("{} weeks of servegen", read.weeks.len()));
            arrivals.busiest =
                read.weeks.iter().map(|week| super::measure::share_of_busiest(&hours_of_day(week))).collect();
            arrivals.take_weeks(&read.weeks);
        }
        if read.think.len() >= 100 {
            origin.push(format!("{} think times of mooncake-conversation", read.think.len()));
            arrivals.think = read.think;
        }
        if read.answers.len() >= 100 {
            origin.push(format!("{} answers of azure-conv", read.answers.len()));
            arrivals.answers = read.answers;
        }
        if !origin.is_empty() {
            arrivals.origin = origin.join(", ");
        }
        Ok(arrivals)
    }

    /// A real client is many people. Each of theirs keeps some hours of it, so
    /// that together they are what was seen and each has a habit.
    fn take_weeks(&mut self, real: &[Week]) {
        let machines = self.weeks.split_off(self.people);
        let mut random = SeededRandom::new(0x6861_6269);
        self.weeks = Vec::with_capacity(real.len() * 4 + machines.len());
        for week in real {
            for _ in 0..4 {
                let own = invented_week(&mut random);
                let mut kept = *week;
                for (hour, habit) in kept.iter_mut().zip(own) {
                    *hour *= habit;
                }
                self.weeks.push(normalised(kept));
            }
        }
        self.people = self.weeks.len();
        self.weeks.extend(machines);
    }

    /// Where the hours and gaps come from.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub(in crate::traffic) fn person_week(&self, random: &mut SeededRandom) -> u16 {
        u16::try_from(random.position(self.people)).unwrap_or(0)
    }

    pub(in crate::traffic) fn machine_week(&self, random: &mut SeededRandom) -> u16 {
        let machines = self.weeks.len() - self.people;
        u16::try_from(self.people + random.position(machines)).unwrap_or(0)
    }

    /// Seconds until the next exchange of a conversation, for somebody of
    /// ordinary speed.
    pub(in crate::traffic) fn think(&self, random: &mut SeededRandom) -> f64 {
        random.pick(&self.think).map_or(60.0, |gap| f64::from(*gap)) * (0.9 + 0.2 * random.unit())
    }

    /// Tokens of an answer.
    pub(in crate::traffic) fn answer(&self, random: &mut SeededRandom) -> u32 {
        random.pick(&self.answers).copied().unwrap_or(100)
    }

    /// The think times, sorted, in seconds.
    #[must_use]
    pub fn think_times(&self) -> &[f32] {
        &self.think
    }

    /// Whether hours and gaps are those of real clients.
    #[must_use]
    pub fn is_real(&self) -> bool {
        !self.busiest.is_empty()
    }

    pub(in crate::traffic) fn busiest_shares(&self) -> Vec<f64> {
        self.busiest.clone()
    }

    pub(in crate::traffic) fn answer_tokens(&self) -> Vec<f64> {
        self.answers.iter().map(|tokens| f64::from(*tokens)).collect()
    }

    /// When the next session starts after `from`, at `per_day` sessions on an
    /// average day of the habit's week times `factor` at that moment; none
    /// before `until`.
    pub(in crate::traffic) fn next_start(
        &self,
        habit: Habit,
        per_day: f64,
        from: i64,
        until: i64,
        factor: impl Fn(i64) -> f64,
        random: &mut SeededRandom,
    ) -> Option<i64> {
        let week = self.weeks.get(usize::from(habit.week))?;
        let mut due = random.exponential();
        let mut at = from;
        let per_hour = per_day / 24.0;
        while at < until {
            let cell_end = (at.div_euclid(HOUR) + 1) * HOUR;
            let rate = per_hour * f64::from(week[habit.hour_of_week(at)]) * factor(at);
            let mass = rate * seconds(cell_end - at) / 3600.0;
            if mass > due {
                let start = at + millis(due / rate * 3600.0);
                return (start < until).then_some(start);
            }
            due -= mass;
            at = cell_end;
        }
        None
    }
}

/// Whose week it is and where in the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::traffic) struct Habit {
    pub(in crate::traffic) week: u16,
    /// Hours to add to universal time, 0 to 167.
    pub(in crate::traffic) shift: u8,
}

impl Habit {
    fn hour_of_week(self, at: i64) -> usize {
        // The epoch was a Thursday: three days after a Monday.
        let hour = at.div_euclid(HOUR) + 72 + i64::from(self.shift);
        usize::try_from(hour.rem_euclid(168)).unwrap_or(0)
    }
}

#[allow(clippy::cast_precision_loss, reason = "hours in milliseconds are far below 2^52")]
pub(in crate::traffic) fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

#[allow(clippy::cast_possible_truncation, reason = "precision is not wanted here")]
fn narrow(value: f64) -> f32 {
    value as f32
}

/// A week's activity by hour of the day.
fn hours_of_day(week: &Week) -> [f64; 24] {
    let mut hours = [0.0; 24];
    for (hour, weight) in week.iter().enumerate() {
        hours[hour % 24] += f64::from(*weight);
    }
    hours
}

const MACHINE_WEEKS: usize = 8;

/// Eighty habits of people and a few of programs that never sleep.
fn invented_weeks(random: &mut SeededRandom) -> Vec<Week> {
    let mut weeks: Vec<Week> = (0..80).map(|_| invented_week(random)).collect();
    weeks.extend((0..MACHINE_WEEKS).map(|_| {
        let mut week = [1.0_f32; 168];
        for hour in &mut week {
            *hour = narrow(random.around(1.0, 0.15));
        }
        normalised(week)
    }));
    weeks
}

/// One or two daily peaks at a person's own hours, less or more on weekends,
/// hardly anything at night.
fn invented_week(random: &mut SeededRandom) -> Week {
    let peaks =
        [(9.0 + 3.0 * random.normal(), 2.0 + random.unit()), (15.0 + 3.5 * random.normal(), 2.0 + 2.0 * random.unit())];
    let second = random.unit() * 1.3;
    let weekend = random.around(0.7, 0.7).clamp(0.02, 3.0);
    let mut week = [0.0_f32; 168];
    for (at, value) in week.iter_mut().enumerate() {
        let hour = f64::from(u8::try_from(at % 24).unwrap_or(0));
        let bump = |(middle, width): (f64, f64)| {
            let apart = (hour - middle).rem_euclid(24.0);
            let apart = apart.min(24.0 - apart);
            (-0.5 * (apart / width).powi(2)).exp()
        };
        let day = if at >= 120 { weekend } else { 1.0 };
        *value = narrow(day * (bump(peaks[0]) + second * bump(peaks[1]) + 0.01));
    }
    normalised(week)
}

fn normalised(mut week: Week) -> Week {
    let mean = week.iter().sum::<f32>() / 168.0;
    for hour in &mut week {
        *hour /= mean.max(f32::MIN_POSITIVE);
    }
    week
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_start_as_often_as_asked_and_at_the_habit_s_hours() {
        let arrivals = Arrivals::built_in();
        let mut random = SeededRandom::new(3);
        let habit = Habit { week: 5, shift: 7 };
        let (mut at, mut count, mut in_busy_half) = (0, 0, 0);
        let until = 700 * DAY;
        let mut order: Vec<usize> = (0..168).collect();
        order.sort_by(|a, b| arrivals.weeks[5][*b].total_cmp(&arrivals.weeks[5][*a]));
        let busy: std::collections::BTreeSet<usize> = order[..84].iter().copied().collect();
        while let Some(next) = arrivals.next_start(habit, 2.0, at, until, |_| 1.0, &mut random) {
            assert!(next >= at);
            at = next + 1;
            count += 1;
            in_busy_half += u32::from(busy.contains(&habit.hour_of_week(at)));
        }
        assert!((1_300..1_500).contains(&count), "{count}");
        assert!(f64::from(in_busy_half) > 0.8 * f64::from(count));
        assert_eq!(arrivals.next_start(habit, 2.0, 0, until, |_| 0.0, &mut random), None);
    }
}
