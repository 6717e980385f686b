//! The page in a terminal, with its keys. The terminal gets its old state at the end, also after a
//! panic and on SIGTERM.

use super::{
    look_at,
    page::{Moment, Page, Status},
};
use crate::remote::Server;
use ratatui::{
    DefaultTerminal, Frame,
    crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
    layout::{Constraint, Layout},
    style::{Modifier, Style},
    text::Line,
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};
use tokio::signal::unix::{SignalKind, signal};

/// The longest wait for a key, before new figures are looked for.
const KEY_WITHIN: Duration = Duration::from_millis(100);

/// The lines that a page key moves.
const LINES_AT_ONCE: u16 = 10;

const KEYS: &str = "q quit   p pause   s sort   ↑ ↓ scroll";

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Quit,
    Pause,
    Sort,
    Up(u16),
    Down(u16),
}

/// Shows the page until a key ends it.
///
/// # Errors
/// When the terminal cannot be used.
pub fn show(server: Server, page: Page, pause: Duration) -> io::Result<()> {
    // The terminal is restored by the hook of a panic as well.
    let mut terminal = ratatui::try_init()?;
    let is_ended = Arc::<AtomicBool>::default();
    end_on_a_signal(Arc::clone(&is_ended));
    let (sender, looks) = mpsc::channel();
    let (stop, stopped) = mpsc::channel();
    thread::spawn(move || look_again(&server, pause, &sender, &stopped));
    let shown = keep_current(&mut terminal, page, (&looks, &is_ended));
    drop(stop);
    ratatui::restore();
    shown
}

/// Looks at the server until the page is left.
fn look_again(
    server: &Server,
    pause: Duration,
    looks: &Sender<Result<Moment, Status>>,
    stopped: &Receiver<()>,
) {
    loop {
        if looks.send(look_at(server)).is_err() {
            return;
        }
        if stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

fn keep_current(
    terminal: &mut DefaultTerminal,
    mut page: Page,
    (looks, is_ended): (&Receiver<Result<Moment, Status>>, &AtomicBool),
) -> io::Result<()> {
    while !is_ended.load(Ordering::Relaxed) {
        // A paused page leaves out what comes meanwhile.
        let is_paused = page.is_paused;
        for look in looks.try_iter().filter(|_| !is_paused) {
            match look {
                Ok(moment) => page.take(moment),
                Err(status) => page.status = status,
            }
        }
        terminal.draw(|frame| draw(frame, &page))?;
        if !event::poll(KEY_WITHIN)? {
            continue;
        }
        let Event::Key(key) = event::read()? else { continue };
        match action(key) {
            Some(Action::Quit) => return Ok(()),
            Some(action) => act(&mut page, action),
            None => {}
        }
    }
    Ok(())
}

fn draw(frame: &mut Frame<'_>, page: &Page) {
    let [above, below] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(frame.area());
    frame.render_widget(page, above);
    let style = Style::new().add_modifier(Modifier::DIM);
    frame.render_widget(Line::styled(KEYS, style), below);
}

/// What this key does, if anything.
fn action(key: KeyEvent) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Action::Quit),
        KeyCode::Char('q') | KeyCode::Esc => Some(Action::Quit),
        KeyCode::Char('p' | ' ') => Some(Action::Pause),
        KeyCode::Char('s') => Some(Action::Sort),
        KeyCode::Up | KeyCode::Char('k') => Some(Action::Up(1)),
        KeyCode::Down | KeyCode::Char('j') => Some(Action::Down(1)),
        KeyCode::PageUp => Some(Action::Up(LINES_AT_ONCE)),
        KeyCode::PageDown => Some(Action::Down(LINES_AT_ONCE)),
        _ => None,
    }
}

fn act(page: &mut Page, action: Action) {
    match action {
        Action::Quit => {}
        Action::Pause => page.is_paused = !page.is_paused,
        Action::Sort => page.sort = page.sort.next(),
        Action::Up(lines) => page.first_line = page.first_line.saturating_sub(lines),
        Action::Down(lines) => {
            let last = u16::try_from(page.lines().len()).unwrap_or(u16::MAX).saturating_sub(1);
            page.first_line = page.first_line.saturating_add(lines).min(last);
        }
    }
}

/// Ends the page on SIGTERM and SIGHUP, so that the terminal is restored.
fn end_on_a_signal(is_ended: Arc<AtomicBool>) {
    thread::spawn(move || -> io::Result<()> {
        let event_loop = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        event_loop.block_on(until_a_signal())?;
        is_ended.store(true, Ordering::Relaxed);
        Ok(())
    });
}

async fn until_a_signal() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(code: KeyCode) -> Option<Action> {
        action(KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn keys_quit_pause_sort_and_scroll() {
        let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(action(control_c), Some(Action::Quit));
        assert_eq!(pressed(KeyCode::Char('q')), Some(Action::Quit));
        assert_eq!(pressed(KeyCode::Char('c')), None);
        let mut page = Page::default();
        for code in [KeyCode::Char('p'), KeyCode::Char('s'), KeyCode::PageDown, KeyCode::Down] {
            act(&mut page, pressed(code).unwrap());
        }
        assert!(page.is_paused);
        assert_eq!(page.sort, super::super::page::Sort::Commands);
        assert_eq!(page.first_line, 1, "the last line is not scrolled away");
        act(&mut page, pressed(KeyCode::Up).unwrap());
        act(&mut page, pressed(KeyCode::Up).unwrap());
        assert_eq!(page.first_line, 0);
    }
}
