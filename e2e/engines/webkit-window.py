#!/usr/bin/python3
"""
A browser of WebKitGTK for WebKitWebDriver. The MiniBrowser that comes with it opens private windows only, which keep nothing
and refuse Blobs in IndexedDB; this one has a profile, as Safari's windows do.

Environment:
  WEBKIT_PROFILE   the folder of the profile. The scripts in its folder `scripts/N` run in each document of the Nth window.
                   While it has a file `offline`, no new page reaches a server.
                   Files that a page saves come into its folder `downloads`.
  WEBKIT_FEATURES  features to switch on, with commas between them.
  WEBKIT_PROXY     the address of the proxy for all that is not on this machine.
"""

import os
from pathlib import Path

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gio, Gtk, WebKit2  # noqa: E402

PROFILE = Path(os.environ["WEBKIT_PROFILE"])
# Nothing answers there.
NOWHERE = WebKit2.NetworkProxySettings.new("http://127.0.0.1:9", None)
OTHER_MACHINES = WebKit2.NetworkProxySettings.new(os.environ["WEBKIT_PROXY"], ["127.0.0.1", "localhost"])

data = WebKit2.WebsiteDataManager(
    base_data_directory=str(PROFILE / "data"), base_cache_directory=str(PROFILE / "cache")
)
# The proxy has no certificate of the sites.
data.set_tls_errors_policy(WebKit2.TLSErrorsPolicy.IGNORE)
context = WebKit2.WebContext(website_data_manager=data)
context.set_automation_allowed(True)
windows = []


def make_settings():
    settings = WebKit2.Settings()
    settings.set_javascript_can_access_clipboard(True)
    wanted = os.environ["WEBKIT_FEATURES"].split(",")
    features = WebKit2.Settings.get_all_features()
    for index in range(features.get_length()):
        feature = features.get(index)
        if feature.get_identifier() in wanted:
            settings.set_feature_enabled(feature, True)
    return settings


def open_window():
    scripts = WebKit2.UserContentManager()
    folder = PROFILE / "scripts" / str(len(windows))
    view = WebKit2.WebView(
        web_context=context,
        settings=SETTINGS,
        user_content_manager=scripts,
        is_controlled_by_automation=True,
    )
    window = Gtk.Window()
    window.set_default_size(1280, 960)
    window.add(view)
    window.show_all()
    windows.append(window)

    def before_navigation(_view, _decision, kind):
        if kind == WebKit2.PolicyDecisionType.NAVIGATION_ACTION:
            scripts.remove_all_scripts()
            for path in sorted(folder.glob("*.js")):
                scripts.add_script(
                    WebKit2.UserScript.new(
                        path.read_text(),
                        WebKit2.UserContentInjectedFrames.TOP_FRAME,
                        WebKit2.UserScriptInjectionTime.START,
                        None,
                        None,
                    )
                )
        return False

    def allow(_view, request):
        request.allow()
        return True

    view.connect("decide-policy", before_navigation)
    view.connect("permission-request", allow)
    view.connect("close", lambda _view: window.destroy())
    view.load_uri("about:blank")
    return view


def follow_network(*_event):
    if (PROFILE / "offline").exists():
        data.set_network_proxy_settings(WebKit2.NetworkProxyMode.CUSTOM, NOWHERE)
    else:
        data.set_network_proxy_settings(WebKit2.NetworkProxyMode.CUSTOM, OTHER_MACHINES)


def save(_context, download):
    def choose(download, name):
        download.set_destination((PROFILE / "downloads" / name).as_uri())
        return True

    download.connect("decide-destination", choose)


def begin(_context, session):
    info = WebKit2.ApplicationInfo.new()
    info.set_name("WebKitGTK")
    info.set_version(
        WebKit2.get_major_version(), WebKit2.get_minor_version(), WebKit2.get_micro_version()
    )
    session.set_application_info(info)
    session.connect("create-web-view", lambda _session: open_window())
    session.connect("will-close", lambda _session: Gtk.main_quit())


SETTINGS = make_settings()
follow_network()
profile_monitor = Gio.File.new_for_path(str(PROFILE)).monitor_directory(Gio.FileMonitorFlags.NONE, None)
profile_monitor.connect("changed", follow_network)
context.connect("automation-started", begin)
context.connect("download-started", save)
Gtk.main()
