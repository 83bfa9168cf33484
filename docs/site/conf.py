# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Sphinx's settings for the site. tests/tools/docs_site.py lays its sources out and calls it (`make docs`)."""

from __future__ import annotations

from pygments.lexers.special import TextLexer
from sphinx.highlighting import lexers

project = "netbsd.xen"
copyright = "2026, netbsd.xen contributors"
html_title = project

extensions = ["myst_parser", "sphinx.ext.intersphinx", "sphinx_copybutton", "sphinx_antsibull_ext"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
# Links of the pages go to headings as GitHub names them.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
nitpicky = True
highlight_language = "yaml"
# Pygments has none for a line of cron.
lexers["crontab"] = TextLexer()

# Nothing is fetched: which of Ansible's pages are linked is in a file that docs_site.py has written.
intersphinx_mapping = {"ansible": ("https://docs.ansible.com/projects/ansible/latest/", "ansible.inv")}

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
# The colours of what antsibull-docs generates are in site.css.
antsibull_ext_color_scheme = "none"
copybutton_exclude = ".linenos, .gp"
