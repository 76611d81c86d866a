function t(){return/(?:^|;\s*)theme=(light|dark)/.exec(document.cookie)?.[1]??"system"}function e(){document.documentElement.dataset.theme=t()}e();
